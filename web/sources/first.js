/* The first request for a file: finds out whether the server supports range requests, and the file's size. */
import { Answer, Retries } from './request.js';

/**
 * @import { RequestOptions } from './request.js'
 *
 * @typedef {Omit<RequestOptions, 'range'>} PlainOptions
 */

const MAX_TRIES = 3;
const ONE_STREAM = 'the file comes as one stream, which starts again if it is interrupted';
/** Answers of servers and of signed URLs that do not expect a Range header. */
const REJECTIONS = [400, 403, 405, 406, 416, 501];

/**
 * Whether a server may answer a plain GET although a range request failed. Without an answer, it may have rejected the
 * preflight request, the page may not be allowed to see its answer, or Chromium refused one that is compressed.
 * @param {any} error
 */
const mayAnswerPlain = ({ status }) => !status || REJECTIONS.includes(status);

/**
 * Why the answer to a range request is of no use; '' if it is. A part of a compressed file cannot be decompressed.
 * @param {Answer} answer
 */
function faultOf({ partial, encoding, fits }) {
  if (!partial) return '';
  if (encoding) return `the server compresses ranges (${encoding})`;
  return fits ? '' : 'the server answers range requests with other bytes';
}

/**
 * The answer to a range request, or to a plain GET if the server rejects range requests or answers them wrongly.
 * @param {string} url
 * @param {[number, number]} range
 * @param {PlainOptions} options
 * @param {(text: string) => void} [note] told about a rejected range request
 * @returns {Promise<Answer>}
 */
export async function firstAnswer(url, range, options, note) {
  const retries = new Retries(MAX_TRIES);
  for (;;) {
    try {
      const answer = await Answer.get(url, { ...options, range });
      const fault = faultOf(answer);
      if (!fault) return answer;
      answer.end();
      note?.(`${url}: ${fault}: ${ONE_STREAM}`);
      return await Answer.get(url, options);
    } catch (error) {
      options.signal.throwIfAborted();
      if (mayAnswerPlain(error)) {
        const plain = await Answer.get(url, options).catch((failure) => {
          if (failure.status) throw failure;
        });
        if (plain && !plain.empty)
          note?.(`${url}: the server answers no range requests (${error.status || 'no answer'}): ${ONE_STREAM}`);
        if (plain) return plain;
      }
      await retries.after(error, options.signal);
    }
  }
}

/**
 * An answer; asks again while the server is busy.
 * @param {string} url
 * @param {RequestOptions} options
 */
export async function patientAnswer(url, options) {
  const retries = new Retries(MAX_TRIES);
  for (;;) {
    try {
      return await Answer.get(url, options);
    } catch (error) {
      if (!error.status) throw error;
      await retries.after(error, options.signal);
    }
  }
}

/**
 * The answer to a range request; null if the file ends before the range, and undefined if there is no answer.
 * @param {string} url
 * @param {RequestOptions} options
 */
const answerAfter = (url, options) =>
  patientAnswer(url, options).catch(({ status }) => {
    options.signal.throwIfAborted();
    return status === 416 ? null : undefined;
  });

/**
 * The file's size, given the first answer; 0 if the server does not tell it. A server may hide Content-Range from other
 * origins, but not Content-Length: asks for the rest of the file then. The file has to end there, because some servers
 * send less than they are asked for.
 * @param {string} url
 * @param {Answer} answer
 * @param {[number, number]} range that was asked for
 * @param {PlainOptions} options
 */
export async function sizeOf(url, answer, [start, end], options) {
  if (!answer.partial || answer.range) return answer.range?.size ?? answer.length;
  if (!answer.length) return 0;
  let size = start + answer.length;
  if (size === end) {
    const rest = await answerAfter(url, { ...options, range: [end, Infinity] });
    if (rest === null) return size;
    rest?.end();
    if (!rest?.partial || !rest.length) return 0;
    size += rest.length;
  }
  const more = await answerAfter(url, { ...options, range: [size, size + 1] });
  more?.end();
  return more === null ? size : 0;
}

/**
 * The file's version and size on the server; size 0: unknown.
 * @param {string} url
 * @param {PlainOptions} options
 */
export async function versionOf(url, options) {
  const answer = await firstAnswer(url, [0, 1], options);
  const version = { etag: answer.etag, size: answer.partial ? (answer.range?.size ?? 0) : answer.length };
  if (answer.partial) await answer.bytes();
  else answer.end();
  return version;
}
