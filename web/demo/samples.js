/* Sample prompts for an empty chat. */
import { ask } from './chat.js';
import { $, h } from './dom.js';

const PROMPTS = [
  'What is the capital of France?',
  'Give me three tips for sleeping well.',
  'Write a short poem about the sea.',
  'Explain in simple words how rain forms.',
];

export function startSamples() {
  const button = (text) => h('button', { type: 'button', onclick: () => ask(text) }, text);
  $('samples').replaceChildren(...PROMPTS.map((text) => h('li', {}, button(text))));
}
