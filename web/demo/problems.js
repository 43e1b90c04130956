/* Error messages for users: what is wrong and what to do about it. */

/* Status codes of include/quern.h. */
const FORMAT = -2;
const UNSUPPORTED = -3;
const MEMORY = -4;

function networkProblem({ status, message }, from) {
  if (/\.wasm\b/.test(message)) return message; // the engine's module, not the model
  const url = typeof from === 'string' ? new URL(from) : undefined;
  const server = url ? url.host : 'The server';
  if (status === 404)
    return `There is no file at ${url?.href ?? 'that path on Hugging Face'}. Check the URL for typos.`;
  if (status === 401 || status === 403)
    return `${server} refused the download (${status}); you may have to sign in there. Download the file in another tab, then drop it on this page.`;
  if (status) return message;
  if (!navigator.onLine)
    return 'You are offline, and this model is not stored on this device. Connect to the internet, or choose a stored model.';
  if (url?.protocol === 'http:' && location.protocol === 'https:')
    return 'A page served over https: cannot load a model from an http: URL. Use an https: URL if the server has one.';
  if (url?.origin === location.origin || !/no connection/.test(message)) return message;
  return `${server} cannot be reached, or does not allow other sites to read its files (CORS). Download the file, then drop it on this page.`;
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;
const isMemory = ({ name, code, message }) =>
  (name === 'QuernError' && code === MEMORY) ||
  name === 'RangeError' ||
  /out of memory|could not allocate/i.test(message);
export const isNoModel = ({ name, code }) => name === 'QuernError' && code === FORMAT;

function loadingReason(error, from) {
  const { name, code, message } = error;
  if (name === 'SourceError') return networkProblem(error, from);
  if (isNoModel(error)) return `${sentence(message)} Check that this is the right file and that it is complete.`;
  if (name === 'QuernError' && code === UNSUPPORTED) return `Quern does not support this model yet: ${message}.`;
  if (isMemory(error))
    return `The browser did not provide enough memory (${message}). Close other tabs, choose a smaller model, or reduce the context size in the settings.`;
  return message;
}

/* Why the model called `name` could not be loaded from `from`. */
export const loadingProblem = (error, name, from) => `“${name}” could not be loaded. ${loadingReason(error, from)}`;

/* Why there is no answer, or only part of one. */
export function answerProblem(error) {
  if (error.code === 'context_length_exceeded')
    return `The chat no longer fits in the context: ${error.message}. Start a new chat or edit an earlier message. In the settings you can increase the context size, or have the oldest messages dropped.`;
  if (isMemory(error))
    return `There is not enough memory to continue: ${error.message}. Reduce the context size in the settings.`;
  return error.message;
}
