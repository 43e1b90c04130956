/* An example: the fields of an invoice, as a JSON Schema describes them. */
import { h } from '../dom.js';
import { area, pageOf, redrawing, runner } from './example.js';
import { jsonCard } from './json-view.js';
import { schemaEditor } from './schema-editor.js';

const MAX_TOKENS = 600;
const object = (properties) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
const money = { type: 'number', minimum: 0, maximum: 99999 };
const SCHEMA = object({
  vendor: { type: 'string', maxLength: 60 },
  invoice_number: { type: 'string', maxLength: 20 },
  date: { type: 'string', format: 'date' },
  currency: { enum: ['EUR', 'GBP', 'USD'] },
  lines: {
    type: 'array',
    maxItems: 6,
    items: object({
      item: { type: 'string', maxLength: 40 },
      quantity: { type: 'integer', minimum: 1, maximum: 999 },
      price: money,
    }),
  },
  total: money,
});
const SAMPLE = `Harbour Coffee Roasters
12 Quay Street, Bristol

Invoice HC-2047 of 2026-03-14

Espresso beans, 1 kg: 2 x 24.50
Filter papers: 1 x 6.20
Ceramic cups: 3 x 9.00

Total: 82.20 GBP`;
/* A worked example helps small models. It fits the schema above only. */
const SHOWN = `Nordlicht Office Supplies
Hafenweg 3, Kiel

Invoice 5518 of 2025-11-02

Desk lamp: 1 x 39.90
Notebooks: 4 x 3.25

Total: 52.90 EUR`;
const SHOWN_ANSWER =
  '{"vendor":"Nordlicht Office Supplies","invoice_number":"5518","date":"2025-11-02","currency":"EUR","lines":[{"item":"Desk lamp","quantity":1,"price":39.90},{"item":"Notebooks","quantity":4,"price":3.25}],"total":52.90}';

const ask = (text) => ({ role: 'user', content: `Extract the fields of this document as JSON.\n\n${text}` });

function requestFor(text, schema) {
  const shown = JSON.stringify(schema) === JSON.stringify(SCHEMA);
  const worked = shown ? [ask(SHOWN), { role: 'assistant', content: SHOWN_ANSWER }] : [];
  return {
    messages: [...worked, ask(text)],
    temperature: 0,
    max_tokens: MAX_TOKENS,
    stream: true,
    stream_options: { include_usage: true },
    response_format: { type: 'json_schema', json_schema: { name: 'invoice', strict: true, schema } },
  };
}

function noteOf({ finish, usage }, seconds) {
  const words = usage ? [`${usage.completion_tokens} tokens`, `${seconds.toFixed(1)} s`] : [];
  if (finish === 'length') words.push('cut off at the maximum length');
  if (finish === undefined) words.push('stopped');
  return words.join(' · ');
}

export function create() {
  const text = area('document', 'Text', SAMPLE, { rows: 11 });
  const editor = schemaEditor(SCHEMA);
  const card = jsonCard('Answer');
  card.element.hidden = true;

  async function work(model, signal, say) {
    const schema = editor.read();
    if (schema === undefined) return say('');
    const state = { text: '' };
    const started = performance.now();
    const { soon, flush } = redrawing(() => card.update(state.text, { schema, ...state.end }));
    try {
      for await (const chunk of await model.chat.completions.create(requestFor(text.input.value, schema), { signal })) {
        state.usage = chunk.usage ?? state.usage;
        const [choice] = chunk.choices;
        state.finish = choice?.finish_reason ?? state.finish;
        state.text += choice?.delta.content ?? '';
        card.element.hidden = false;
        say('Writing…');
        soon();
      }
    } finally {
      state.end = { complete: true, note: noteOf(state, (performance.now() - started) / 1000) };
      if (state.text) flush();
    }
    say(state.finish === 'length' ? 'Cut off' : 'Done');
  }

  const { element, submit } = runner('Extract the fields', { work, failed: editor.explain });
  const reset = () => {
    text.input.value = SAMPLE;
    editor.input.value = JSON.stringify(SCHEMA, null, 2);
    editor.read();
  };
  element
    .querySelector('.start-line')
    .append(h('button', { type: 'button', class: 'quiet', onclick: reset }, 'Restore the sample'));
  const inputs = h('div', { class: 'inputs' }, text.element, editor.element);
  return {
    element: pageOf(
      'Read an invoice',
      [
        'The answer conforms to the schema: the engine allows only tokens that keep it valid. Whether it is right depends on the model. Paste another text, or change the schema.',
      ],
      h('form', { onsubmit: submit }, inputs, element),
      card.element,
    ),
  };
}
