/* Addresses of models that users type. */
import { withoutFilePage } from '../sources/urls.js';
import { urlOf } from './dom.js';

const FILE_PATH = /^([/\\~]|[a-z]:[/\\]|file:)/i;
const LOCAL_HOST = /^(localhost|[\d.]+|\[[\da-f:]+\])(:\d+)?\//i;

/* A URL, possibly typed without http:// or https://. */
function typedUrl(text) {
  if (/\s/.test(text)) return undefined;
  const scheme = LOCAL_HOST.test(text) ? 'http' : 'https';
  const url = urlOf(/^[a-z]+:\/\//i.test(text) ? text : `${scheme}://${text}`);
  return /^https?:$/.test(url?.protocol) ? url : undefined;
}

/* Reads what the user typed: a URL, or the page of a file on Hugging Face. Returns { address } or { problem }. */
export function readAddress(text) {
  if (FILE_PATH.test(text))
    return {
      problem: `“${text}” is a file on this device, which a page cannot open by its path. Use “Choose a file”, or drop it on this page.`,
    };
  const url = typedUrl(text);
  if (!url) return { problem: `“${text}” is not a URL. Enter one such as https://example.org/model.gguf.` };
  return { address: withoutFilePage(url).href };
}
