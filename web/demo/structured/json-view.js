/* Shows JSON while it is written: an object as a list of fields, a list of objects as a table. The JSON itself is one
 * click away. */
import { copyButton, h } from '../dom.js';
import { morph } from './morph.js';
import { readPartial } from './partial-json.js';

const EMPTY = { true: 'yes', false: 'no', null: 'none' };

/* 'invoice_number' → 'Invoice number' */
function spaced(name) {
  const words = name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .trim();
  return words ? words[0].toUpperCase() + words.slice(1) : name || '(no name)';
}

/* The schema that a reference within the root leads to. */
function followed(schema, root) {
  for (let hops = 0; typeof schema?.$ref === 'string' && schema.$ref.startsWith('#') && hops < 8; hops++) {
    const steps = decodeURIComponent(schema.$ref).split('/').slice(1);
    const down = (value, step) => value?.[step.replace(/~1/g, '/').replace(/~0/g, '~')];
    schema = steps.reduce(down, root);
  }
  return schema;
}

const property = (schema, name, root) => followed(followed(schema, root)?.properties?.[name], root);
const itemsOf = (schema, index, root) => {
  const list = followed(schema, root);
  return followed(list?.prefixItems?.[index] ?? list?.items, root);
};
const titleOf = (schema, name) => (typeof schema?.title === 'string' ? schema.title : spaced(name));

const muted = (text) => h('span', { class: 'muted' }, text);

function scalar({ type, value, done }) {
  const pending = done ? '' : ' cursor';
  if (type === 'number') return h('span', { class: `number${pending}` }, value);
  if (type === 'literal') return muted(EMPTY[value]);
  if (value === '' && done) return muted('empty');
  return h('span', { class: `text${pending}`, dir: 'auto' }, value);
}

const isScalar = (node) => node !== undefined && node.type !== 'object' && node.type !== 'array';

function fields({ entries, done }, schema, root) {
  if (entries.length === 0) return done ? muted('empty') : pending();
  const field = ([name, node]) => {
    const own = property(schema, name, root);
    const wide = entries.length === 1 || node?.type === 'array' || node?.type === 'object';
    return h(
      'div',
      { class: wide ? 'wide' : undefined },
      h('dt', {}, titleOf(own, name)),
      h('dd', {}, nodeView(node, own, root)),
    );
  };
  return h('dl', { class: 'fields' }, ...entries.map(field));
}

function table({ items }, schema, root) {
  const rows = items.map(({ entries }) => new Map(entries));
  const first = itemsOf(schema, 0, root);
  const names = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const order = Object.keys(first?.properties ?? {});
  names.sort((a, b) => (order.indexOf(a) + 1 || Infinity) - (order.indexOf(b) + 1 || Infinity) || 0);
  const column = (name) => items.length > 0 && rows.every((row) => (row.get(name)?.type ?? 'number') === 'number');
  const align = (name) => (column(name) ? 'right' : undefined);
  const head = names.map((name) =>
    h('th', { scope: 'col', 'data-align': align(name) }, titleOf(property(first, name, root), name)),
  );
  const cell = (row, index) => (name) =>
    h(
      'td',
      { 'data-align': align(name) },
      row.has(name) ? nodeView(row.get(name), property(itemsOf(schema, index, root), name, root), root) : '',
    );
  const body = rows.map((row, index) => h('tr', {}, ...names.map(cell(row, index))));
  return h(
    'div',
    { class: 'table', tabindex: 0, role: 'region', 'aria-label': 'Table' },
    h('table', {}, h('thead', {}, h('tr', {}, ...head)), h('tbody', {}, ...body)),
  );
}

function list(node, schema, root) {
  const { items, done } = node;
  if (items.length === 0) return done ? muted('none') : pending();
  if (items.every(({ type, entries }) => type === 'object' && entries.length > 0)) return table(node, schema, root);
  const kind = items.every(isScalar) ? 'values' : 'items';
  const item = (each, index) => h('li', {}, nodeView(each, itemsOf(schema, index, root), root));
  return h('ul', { class: kind }, ...items.map(item));
}

/* What has no value yet. */
const pending = () => h('span', { class: 'cursor' });

function nodeView(node, schema, root) {
  if (!node) return pending();
  if (node.type === 'object') return fields(node, schema, root);
  if (node.type === 'array') return list(node, schema, root);
  return scalar(node);
}

/* An element for a JSON text so far. complete: nothing follows. */
export function jsonView(text, { schema, complete }) {
  const node = readPartial(text, complete);
  const shown = nodeView(node, followed(schema, schema), schema);
  return h('div', { class: complete ? 'json' : 'json live' }, shown);
}

/* A card that shows the JSON of an answer. update() draws what has arrived. */
export function jsonCard(title) {
  let text = '';
  let raw = false;
  const view = h('div', { class: 'json' });
  const source = h('pre', { tabindex: 0, dir: 'ltr', hidden: true, 'aria-label': 'JSON' });
  const toggle = h('button', { type: 'button', 'aria-pressed': 'false', onclick: flip }, 'JSON');
  const figures = h('span', { class: 'figures' });
  const buttons = h(
    'div',
    { class: 'actions' },
    toggle,
    copyButton('Copy the JSON', () => text),
  );
  const element = h(
    'article',
    { class: 'card', 'aria-label': title },
    h('header', { class: 'row' }, h('h3', {}, title), buttons),
    view,
    source,
    h('footer', {}, figures),
  );
  function flip() {
    raw = !raw;
    toggle.setAttribute('aria-pressed', String(raw));
    view.hidden = raw;
    source.hidden = !raw;
  }
  return {
    element,
    update(all, { schema, complete = false, note = '' }) {
      text = all;
      element.setAttribute('aria-busy', String(!complete));
      morph(view, jsonView(text, { schema, complete }));
      view.hidden = raw;
      source.textContent = text;
      figures.textContent = note;
    },
  };
}
