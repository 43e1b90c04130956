/* Helpers for elements, texts and localStorage. */

export const $ = (id) => document.getElementById(id);

/* Creates an element: h('button', { class: 'quiet', onclick: save, 'aria-label': 'Save' }, 'Save') */
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
/* For screen readers only. */
export function announce(text) {
  announcer.textContent = text;
}

/* Shows an error above the message box; without a text, clears it. */
export function showProblem(text) {
  $('problem').hidden = !text;
  $('problem').textContent = text ?? '';
}

/* A URL; undefined if the text is none. Safari has URL.canParse only since version 17. */
export function urlOf(text) {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/* Pages that are not loaded over HTTPS have no clipboard API. */
function copyByCommand(text) {
  const area = h('textarea', { 'aria-hidden': 'true' });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}

/* A button that copies the result of text() and confirms it for a moment. */
export function copyButton(label, text) {
  const button = h('button', { type: 'button', 'aria-label': label, onclick: copy }, 'Copy');
  async function copy() {
    const done = navigator.clipboard
      ? await navigator.clipboard.writeText(text()).then(
          () => true,
          () => false,
        )
      : copyByCommand(text());
    button.textContent = done ? 'Copied' : 'Copy failed';
    announce(done ? 'Copied' : 'The browser did not allow copying');
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 1500);
  }
  return button;
}

/* The start of a text, which does not end within a character. */
export const startOf = (text, length) => text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '');

/* Whether a key press sends a text. The key also ends the composition of a character; Safari says so by the code 229. */
export const isSend = ({ key, shiftKey, isComposing, keyCode }) =>
  key === 'Enter' && !shiftKey && !isComposing && keyCode !== 229;

/* Lets the user save a text as a file. */
export function saveText(text, name, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // Safari reads it after the click
}

const UNITS = ['B', 'kB', 'MB', 'GB'];
export function bytes(count) {
  let unit = 0;
  while (count >= 999.5 && unit < UNITS.length - 1) {
    count /= 1000;
    unit++;
  }
  return `${count.toFixed(unit > 0 && count < 10 ? 1 : 0)} ${UNITS[unit]}`;
}

export function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/* localStorage as JSON. Where it is full or disabled, values last until the page is closed. */
const fallback = new Map();
export const storage = {
  /* A value that does not fit, such as one of an older page, counts as none. */
  get(key, fits) {
    let value;
    try {
      value = JSON.parse(localStorage.getItem(key));
    } catch {
      /* disabled, or not JSON */
    }
    value ??= fallback.get(key);
    return value !== undefined && fits(value) ? value : undefined;
  },
  /* Returns false if the value will be lost with the page. */
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
      /* nothing was stored */
    }
  },
};
