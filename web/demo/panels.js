/* The side panels. One is open at a time; Escape closes it and returns the focus to the button that opened it. */
import { $ } from './dom.js';

const NAMES = ['models', 'chats', 'tokens', 'settings'];
const draw = {};
let current, opener;

export function closePanel() {
  if (!current) return;
  $(current).hidden = true;
  $(`open-${current}`).setAttribute('aria-expanded', 'false');
  current = undefined;
  opener?.focus();
}

export const panelOpen = (name) => current === name;

export function openPanel(name, from = $(`open-${name}`)) {
  if (current) closePanel();
  current = name;
  opener = from;
  $(`open-${name}`).setAttribute('aria-expanded', 'true');
  $(name).hidden = false;
  draw[name]?.();
  $(`${name}-title`).focus();
}

/* onOpen: by panel name, the function that draws its content. */
export function startPanels(onOpen) {
  Object.assign(draw, onOpen);
  for (const name of NAMES) {
    $(`open-${name}`).addEventListener('click', () => (current === name ? closePanel() : openPanel(name)));
    $(name).querySelector('.close').addEventListener('click', closePanel);
  }
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && current && !event.defaultPrevented) closePanel();
  });
}
