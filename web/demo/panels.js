/* The views at the side: one is open at a time, Escape closes it and gives the focus back. */
import { $ } from './dom.js';

const NAMES = ['models', 'chats', 'tokens', 'settings'];
const opened = {};
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
  opened[name]?.();
  $(`${name}-title`).focus();
}

/* onOpen: what to draw when a view is opened, by its name. */
export function startPanels(onOpen) {
  Object.assign(opened, onOpen);
  for (const name of NAMES) {
    $(`open-${name}`).addEventListener('click', () => (current === name ? closePanel() : openPanel(name)));
    $(name).querySelector('.close').addEventListener('click', closePanel);
  }
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && current && !event.defaultPrevented) closePanel();
  });
}
