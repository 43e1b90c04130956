/* The sidebars. One is open at a time; Escape closes it and returns the focus to the button that opened it. */
import { $ } from './dom.js';

const NAMES = ['models', 'chats', 'tokens', 'settings'];
const draw = {};
let current, opener;

export function closeSidebar() {
  if (!current) return;
  $(current).hidden = true;
  $(`open-${current}`).setAttribute('aria-expanded', 'false');
  current = undefined;
  opener?.focus();
}

export const sidebarOpen = (name) => current === name;

export function openSidebar(name, from = $(`open-${name}`)) {
  if (current) closeSidebar();
  current = name;
  opener = from;
  $(`open-${name}`).setAttribute('aria-expanded', 'true');
  $(name).hidden = false;
  draw[name]?.();
  $(`${name}-title`).focus();
}

/* onOpen: by name, the function that draws its content. */
export function startSidebars(onOpen) {
  Object.assign(draw, onOpen);
  for (const name of NAMES) {
    $(`open-${name}`).addEventListener('click', () => (current === name ? closeSidebar() : openSidebar(name)));
    $(name).querySelector('.close').addEventListener('click', closeSidebar);
  }
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && current && !event.defaultPrevented) closeSidebar();
  });
}
