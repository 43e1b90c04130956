/* The reasoning of a model: a block that is open while the model thinks, and folded once the answer begins. */
import { h } from '../dom.js';
import { reasoningTitle } from '../markdown.js';

/* `update(text, thinking)` draws it; what the user opens or closes stays so. */
export function reasoningBlock() {
  const summary = h('summary');
  const body = h('p', { class: 'plain', dir: 'auto' });
  const element = h('details', { class: 'thought' }, summary, body);
  let chosen = false;
  summary.addEventListener('click', () => {
    chosen = true;
  });
  return {
    element,
    update(text, thinking) {
      summary.textContent = reasoningTitle(text, thinking);
      body.textContent = text.trim();
      if (!chosen) element.open = thinking;
    },
  };
}
