/* The colors of the page: light or dark, as the user or the system wants. first-paint.js sets them first. */
import { storage } from './dom.js';

const KEY = 'quern.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

export const THEMES = { system: 'Same as the system', light: 'Light', dark: 'Dark' };
export const chosenTheme = () => storage.get(KEY, (theme) => theme in THEMES) ?? 'system';

function apply() {
  const root = document.documentElement;
  const system = dark.matches ? 'dark' : 'light';
  root.dataset.theme = chosenTheme() === 'system' ? system : chosenTheme();
  document.querySelector('meta[name="theme-color"]').content = getComputedStyle(root)
    .getPropertyValue('--ground')
    .trim();
}

export function setTheme(theme) {
  storage.set(KEY, theme);
  apply();
}

dark.addEventListener('change', apply);
apply();
