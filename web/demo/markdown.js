/* Converts Markdown to DOM nodes. A model's output is untrusted, so only the elements below are created: HTML is
 * shown as text, an image as its description, and links lead only to web pages and mail addresses. Nothing loads by
 * itself, so an answer cannot send data anywhere. */
import { copyButton, h, urlOf } from './dom.js';
import { highlight } from './highlight.js';

let marked;
export const markdownReady = import('./vendor/marked.js').then(
  ({ Marked }) => {
    marked = new Marked({ gfm: true, breaks: true });
  },
  () => undefined,
); // without marked, answers are plain text

const ENTITY = /&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,31});/gi;
const decode = (text) =>
  text.replace(ENTITY, (entity) => new DOMParser().parseFromString(entity, 'text/html').documentElement.textContent);

function link({ href, title, tokens }) {
  const url = urlOf(href);
  if (!['http:', 'https:', 'mailto:'].includes(url?.protocol)) return h('span', {}, ...inline(tokens));
  return h('a', { href: url.href, title, target: '_blank', rel: 'noopener noreferrer' }, ...inline(tokens));
}

const INLINE = {
  text: ({ text, tokens }) => (tokens ? h('span', {}, ...inline(tokens)) : decode(text)),
  escape: ({ text }) => text,
  html: ({ text }) => text,
  codespan: ({ text }) => h('code', { dir: 'ltr' }, text),
  br: () => h('br'),
  strong: ({ tokens }) => h('strong', {}, ...inline(tokens)),
  em: ({ tokens }) => h('em', {}, ...inline(tokens)),
  del: ({ tokens }) => h('del', {}, ...inline(tokens)),
  link,
  image: ({ text }) => h('em', {}, decode(text)),
  checkbox: ({ checked }) => h('input', { type: 'checkbox', checked, disabled: true, 'aria-label': 'Item' }),
};
const inline = (tokens) => tokens.map((token) => (INLINE[token.type] ?? INLINE.html)(token));

function code({ text, lang }) {
  const language = /^[\w+#.-]*/.exec(lang ?? '')[0];
  const shown = h('code', {}, text);
  highlight(shown, text, language);
  return h(
    'div',
    { class: 'code' },
    h(
      'div',
      { class: 'row' },
      h('span', {}, language),
      copyButton('Copy the code', () => text),
    ),
    h('pre', { tabindex: 0, dir: 'ltr' }, shown),
  );
}

function table({ header, rows }) {
  const row = (cells, name) =>
    h('tr', {}, ...cells.map(({ tokens, align }) => h(name, { 'data-align': align }, ...inline(tokens))));
  const body = rows.map((cells) => row(cells, 'td'));
  return h(
    'div',
    { class: 'table', tabindex: 0, role: 'region', 'aria-label': 'Table' },
    h('table', {}, h('thead', {}, row(header, 'th')), h('tbody', {}, ...body)),
  );
}

function list({ ordered, start, items }) {
  return h(
    ordered ? 'ol' : 'ul',
    { start: ordered && start !== 1 && start },
    ...items.map(({ task, tokens }) => h('li', { class: task && 'task' }, ...blocks(tokens))),
  );
}

const BLOCKS = {
  paragraph: ({ tokens }) => h('p', {}, ...inline(tokens)),
  heading: ({ depth, tokens }) => h(`h${Math.min(6, depth + 2)}`, {}, ...inline(tokens)), // below the message's h2
  blockquote: ({ tokens }) => h('blockquote', {}, ...blocks(tokens)),
  html: ({ text }) => h('p', { class: 'plain' }, text.trimEnd()),
  hr: () => h('hr'),
  code,
  list,
  table,
};
const blocks = (tokens) =>
  tokens
    .filter(({ type }) => type !== 'space' && type !== 'def')
    .map((token) => (BLOCKS[token.type] ?? INLINE[token.type] ?? INLINE.html)(token));

function nodes(text) {
  if (marked) {
    try {
      const shown = blocks(marked.lexer(text));
      for (const block of shown) block.dir = 'auto'; // Arabic and Hebrew are written from right to left
      return shown;
    } catch (error) {
      console.warn(`Shown as plain text: ${error.message}`); // for example, nested too deeply
    }
  }
  return [h('p', { class: 'plain', dir: 'auto' }, text)];
}

/* The heading of a model's reasoning, with its length. */
export const reasoningTitle = (text, thinking) =>
  `${thinking ? 'Thinking…' : 'Reasoning'} · ${text.trim().length.toLocaleString('en')} characters`;

/* Nodes for a complete or partial answer. A model's reasoning is folded once it is complete, unless the reader has
 * opened or closed it: `open`, which toggled(open) reports. */
export function render(text, { done, open, toggled }) {
  const thought = /^\s*<think>([\s\S]*?)(<\/think>|$)/.exec(text);
  if (!thought) return nodes(text);
  const answer = nodes(text.slice(thought[0].length));
  if (!thought[1].trim()) return answer;
  const thinking = !thought[2] && !done;
  return [
    h(
      'details',
      { class: 'thought', open: open ?? thinking },
      h(
        'summary',
        { onclick: (event) => toggled?.(!event.target.parentNode.open) },
        reasoningTitle(thought[1], thinking),
      ),
      ...nodes(thought[1]),
    ),
    ...answer,
  ];
}
