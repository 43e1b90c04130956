/* An editor for a JSON Schema, which shows what is wrong with it and where. */
import { h } from '../dom.js';
import { area, schemaProblem } from './example.js';

/* Line and column of an offset. */
function placeOf(text, offset) {
  const before = text.slice(0, offset).split('\n');
  return `line ${before.length}, column ${before.at(-1).length + 1}`;
}

/* Where JSON.parse stopped; the browsers tell it in different words. */
function syntaxPlace(text, message) {
  const position = /position (\d+)/.exec(message);
  if (position) return placeOf(text, Number(position[1]));
  const place = /line (\d+) column (\d+)/.exec(message);
  return place ? `line ${place[1]}, column ${place[2]}` : placeOf(text, text.trimEnd().length);
}

/* The offset of the value that a JSON pointer leads to, found by the names on its way. */
function offsetOf(text, pointer) {
  let at = 0;
  for (const step of pointer.split('/').slice(1)) {
    const name = JSON.stringify(decodeURIComponent(step).replace(/~1/g, '/').replace(/~0/g, '~'));
    const next = text.indexOf(name, at);
    if (next < 0) continue; // the index of an element
    at = next;
  }
  return at;
}

export function schemaEditor(schema, { rows = 14 } = {}) {
  const { input, element } = area('schema', 'JSON Schema', JSON.stringify(schema, null, 2), { rows, code: true });
  const wrong = h('p', { class: 'wrong', id: 'schema-wrong', role: 'alert', hidden: true });
  input.setAttribute('aria-describedby', 'schema-wrong');
  element.append(wrong);
  const tell = (...text) => {
    wrong.hidden = text.length === 0;
    wrong.replaceChildren(...text);
    input.setAttribute('aria-invalid', String(text.length > 0));
  };
  const read = () => {
    tell();
    try {
      return JSON.parse(input.value);
    } catch (error) {
      tell(`This is not JSON (${syntaxPlace(input.value, error.message)}).`);
      return undefined;
    }
  };
  input.addEventListener('input', read);
  return {
    element,
    input,
    /* The schema; undefined, with an explanation, if it is not JSON. */
    read,
    /* Shows what the engine says of the schema. Returns false for other errors. */
    explain(error) {
      const found = schemaProblem(error);
      const place = found ?? (error.param === 'response_format' && { reason: error.message });
      if (!place) return false;
      const { pointer, keyword, reason } = place;
      if (!keyword) tell(`${reason.replace(/^response_format: /, '')}.`);
      else {
        tell(h('code', {}, pointer), ' – keyword ', h('code', {}, keyword), `: ${reason}.`);
        const at = offsetOf(input.value, pointer);
        input.focus();
        input.setSelectionRange(at, at + JSON.stringify(keyword).length);
      }
      return true;
    },
  };
}
