/* Small helpers for the document. */

export const $ = (id) => document.getElementById(id);

/* An element: h('button', { class: 'quiet', onclick: save, 'aria-label': 'Save' }, 'Save') */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

const announcer = $('announce');
/* Said by a screen reader, seen nowhere. */
export function announce(text) {
  announcer.textContent = text;
}

export function problem(text) {
  $('problem').hidden = !text;
  $('problem').textContent = text ?? '';
}

/* A button that copies what text() gives, and says so for a moment. */
export function copyButton(label, text) {
  const button = h('button', { type: 'button', 'aria-label': label, onclick: copy }, 'Copy');
  async function copy() {
    const done = await navigator.clipboard?.writeText(text()).then(
      () => true,
      () => false,
    );
    button.textContent = done ? 'Copied' : 'Not allowed';
    announce(done ? 'Copied' : 'The browser does not let this page copy');
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 1500);
  }
  return button;
}

const UNITS = ['B', 'kB', 'MB', 'GB'];
export function bytes(count) {
  let unit = 0;
  while (count >= 999.5 && unit < UNITS.length - 1) {
    count /= 1000;
    unit++;
  }
  return `${count.toFixed(unit > 0 && count < 10 ? 1 : 0)} ${UNITS[unit]}`;
}

export function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/* localStorage that may be full, or refused: then what is kept lasts as long as the page. */
const fallback = new Map();
export const kept = {
  get(key) {
    try {
      return JSON.parse(localStorage.getItem(key)) ?? fallback.get(key);
    } catch {
      return fallback.get(key);
    }
  },
  /* Whether it is kept for longer than that. */
  set(key, value) {
    fallback.set(key, value);
    try {
      localStorage.setItem(key, JSON.stringify(value));
    } catch {
      return false;
    }
    return true;
  },
  remove(key) {
    fallback.delete(key);
    try {
      localStorage.removeItem(key);
    } catch {
      /* nothing was kept */
    }
  },
};
