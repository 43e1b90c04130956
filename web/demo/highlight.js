/* Colors code with highlight.js. It and the grammar of a language are fetched when an answer first needs them. Only the
 * spans below are made of its result, because a model's output is untrusted. */
import { h } from './dom.js';

const GRAMMARS = {
  bash: ['sh', 'shell', 'zsh', 'console'],
  c: ['h'],
  cpp: ['c++', 'cc', 'hpp'],
  csharp: ['c#', 'cs'],
  css: [],
  go: ['golang'],
  java: [],
  javascript: ['js', 'jsx', 'mjs'],
  json: [],
  python: ['py'],
  rust: ['rs'],
  sql: [],
  typescript: ['ts', 'tsx'],
  xml: ['html', 'svg'],
};
/* highlight.js has more kinds of words than this page has colors. */
const COLORS = {
  keyword: 'keyword',
  literal: 'keyword',
  built_in: 'built',
  type: 'built',
  string: 'string',
  regexp: 'string',
  number: 'number',
  title: 'name',
  tag: 'name',
  attr: 'number',
  attribute: 'number',
  comment: 'comment',
  meta: 'comment',
};

const loaded = new Map(); // by grammar, a promise of highlight.js with it; undefined where it could not be fetched

const grammarOf = (language) =>
  Object.keys(GRAMMARS).find((name) => name === language || GRAMMARS[name].includes(language));

async function fetchGrammar(name) {
  const [{ default: library }, { default: grammar }] = await Promise.all([
    import('./vendor/highlight.js'),
    import(`./vendor/highlight-${name}.js`),
  ]);
  library.registerLanguage(name, grammar);
  return library;
}

function copy(node) {
  if (node.nodeType === Node.TEXT_NODE) return node.data;
  const kind = Object.keys(COLORS).find((each) => node.classList.contains(`hljs-${each}`));
  return h('span', { class: COLORS[kind] }, ...[...node.childNodes].map(copy));
}

/* Colors the text of an element, now or when the grammar has arrived. Without it, the text stays as it is. */
export async function highlight(element, text, language) {
  const name = grammarOf(language.toLowerCase());
  if (!name) return;
  if (!loaded.has(name)) {
    const fetched = fetchGrammar(name).catch(() => undefined);
    loaded.set(name, fetched);
    fetched.then((library) => loaded.set(name, library));
  }
  const ready = loaded.get(name);
  const library = ready instanceof Promise ? await ready : ready; // without await, streamed code does not flicker
  if (!library) return;
  const { value } = library.highlight(text, { language: name, ignoreIllegals: true });
  const { body } = new DOMParser().parseFromString(value, 'text/html');
  if (body.textContent === text) element.replaceChildren(...[...body.childNodes].map(copy));
}
