/* What went wrong, in words for a person: what it is, and what can be done. */
const MEMORY = -4,
  FORMAT = -2,
  UNSUPPORTED = -3; // of include/quern.h

function ofNetwork({ status, message }, from) {
  const url = typeof from === 'string' ? new URL(from) : undefined;
  const server = url ? url.host : 'The server';
  if (status === 404)
    return `There is no such file at ${url?.href ?? 'Hugging Face'}. Is the address spelled as it should be?`;
  if (status === 401 || status === 403)
    return `${server} gives this file only to those who sign in (${status}). Download it there, then drop the file on this page.`;
  if (status) return message;
  if (/the engine's module/.test(message)) return message;
  if (!navigator.onLine) return 'There is no network, and this model is not kept on this device.';
  if (url?.protocol === 'http:' && location.protocol === 'https:')
    return 'A secure page may not load from an http: address. Does the server have an https: one?';
  if (url?.origin === location.origin || !/no connection/.test(message)) return message;
  return `${server} cannot be reached, or does not let other sites read its files (CORS). Download the file, then drop it on this page.`;
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;
const isMemory = ({ name, code, message }) =>
  (name === 'QuernError' && code === MEMORY) ||
  name === 'RangeError' ||
  /out of memory|could not allocate/i.test(message);
export const isNoModel = ({ name, code }) => name === 'QuernError' && code === FORMAT;

/* Why `name`, which is loaded from `from`, could not be loaded. */
export function loadingProblem(error, name, from) {
  const { code, message } = error;
  const why =
    error.name === 'SourceError'
      ? ofNetwork(error, from)
      : isNoModel(error)
        ? `${sentence(message)} Is it the right file, and all of it?`
        : error.name === 'QuernError' && code === UNSUPPORTED
          ? `It does not run here yet: ${message}.`
          : isMemory(error)
            ? `This browser does not give it enough memory (${message}). Close other tabs, choose a smaller model, or a smaller context in the settings.`
            : message;
  return `“${name}” could not be loaded. ${why}`;
}

/* Why there is no answer, or no more of it. */
export function answerProblem(error) {
  if (error.code === 'context_length_exceeded') {
    return `The chat has grown longer than the context: ${error.message}. Start a new chat, edit an earlier message, or change in the settings the context, or what happens when it is full.`;
  }
  if (isMemory(error))
    return `There is not enough memory to go on: ${error.message}. A smaller context in the settings takes less.`;
  return error.message;
}
