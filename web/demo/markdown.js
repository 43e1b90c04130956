/* Markdown to a safe fragment. What a model writes is untrusted: no images, styles or forms, which could send words away. */
import { h } from './dom.js';

const libraries = Promise.all([import('./vendor/marked.js'), import('./vendor/purify.js')]).catch(() => undefined);
let marked, purify;
export const markdownReady = libraries.then((loaded) => {
  if (!loaded) return; // not built in: plain text is shown
  marked = new loaded[0].Marked({ gfm: true, breaks: true });
  purify = globalThis.DOMPurify; // the smallest build of it is a script
  purify.addHook('afterSanitizeAttributes', (node) => {
    if (node.tagName !== 'A') return;
    node.setAttribute('target', '_blank');
    node.setAttribute('rel', 'noopener noreferrer');
  });
});

const SAFE = {
  RETURN_DOM_FRAGMENT: true,
  USE_PROFILES: { html: true },
  FORBID_TAGS: ['img', 'picture', 'video', 'audio', 'style', 'form', 'button', 'textarea', 'select', 'dialog'],
  FORBID_ATTR: ['style', 'id', 'class', 'name'],
};

function fragment(text) {
  if (!marked) {
    const plain = h('p', { class: 'plain' }, text);
    plain.style.whiteSpace = 'pre-wrap';
    return plain;
  }
  const parsed = marked.parse(text);
  const safe = purify.sanitize(parsed, SAFE);
  const languages = [...parsed.matchAll(/<pre><code(?: class="language-([\w+#.-]*)[^"]*")?>/g)].map((match) => match[1]);
  for (const table of safe.querySelectorAll('table')) {
    const frame = h('div', { class: 'table', tabindex: 0, role: 'region', 'aria-label': 'Table' });
    table.replaceWith(frame);
    frame.append(table);
  }
  for (const code of safe.querySelectorAll('pre')) {
    code.tabIndex = 0;
    const language = languages.shift() ?? '';
    const copy = h('button', { type: 'button', onclick: () => navigator.clipboard.writeText(code.textContent), 'aria-label': 'Copy the code' }, 'Copy');
    const frame = h('div', { class: 'code' }, h('div', { class: 'row' }, h('span', {}, language), copy));
    code.replaceWith(frame);
    frame.append(code);
  }
  for (const box of safe.querySelectorAll('input')) box.setAttribute('aria-label', 'Item');
  return safe;
}

/* Nodes for a whole or partial answer; what a model thinks before it answers is folded away. */
export function render(text, { done }) {
  const thought = /^\s*<think>([\s\S]*?)(<\/think>|$)/.exec(text);
  if (!thought) return [fragment(text)];
  const nodes = [fragment(text.slice(thought[0].length))];
  if (thought[1].trim()) {
    const thinking = !thought[2] && !done;
    nodes.unshift(h('details', { class: 'thought', open: thinking }, h('summary', {}, thinking ? 'Thinking' : 'Thought'), fragment(thought[1])));
  }
  return nodes;
}
