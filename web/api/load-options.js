/* The options of loadModel: checks them, and brings them into a form that can be posted to a worker. */
import { WEIGHT_ORDERS } from '../engine/constants.js';
import { isAddress, kindOf } from '../sources/argument.js';
import { classOf } from '../sources/bytes.js';

/**
 * @import * as types from '../index.js'
 *
 * @typedef {[(value: any) => boolean, string]} Check whether a value is allowed, and which are, in words
 */

/** @type {Check} */
const ANY = [() => true, ''];
/** @type {Check} */
const COUNT = [(value) => Number.isInteger(value) && value > 0, 'a whole number above 0'];
/** @type {Check} */
const FUNCTION = [(value) => typeof value === 'function', 'a function'];
/** @type {Check} */
const ADDRESS = [isAddress, 'a URL'];
/** @param {string[]} texts @returns {Check} */
const oneOf = (...texts) => [(value) => texts.includes(value), texts.map((text) => `'${text}'`).join(' or ')];
/** @param {any} value */
const isHash = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value);

/** @type {Record<keyof types.LoadOptions, Check>} */
const OPTIONS = {
  contextSize: COUNT,
  threads: COUNT,
  weightOrder: oneOf(...WEIGHT_ORDERS),
  build: oneOf('plain', 'relaxed'),
  early: ANY,
  overflow: oneOf('stop', 'shift'),
  template: [(value) => typeof value === 'string', 'a text'],
  nfc: ANY,
  cache: ANY,
  key: [(value) => typeof value === 'string' && value !== '', 'a text that identifies the model'],
  revalidate: ANY,
  sha256: [
    (value) => value.length > 0 && [value].flat().every(isHash),
    'a text of 64 hexadecimal digits, or an array with one for each split',
  ],
  headers: ANY, // Headers checks them
  signal: [(value) => classOf(value) === 'AbortSignal', 'an AbortSignal'],
  onProgress: FUNCTION,
  onNote: FUNCTION,
  wasm: ADDRESS,
  worker: ADDRESS,
};

/** @param {any} value */
function shown(value) {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? JSON.stringify(value) : kindOf(value);
}

/**
 * The options that are not null. A misspelled one, or one of another engine, would have no effect, so it is refused.
 * @param {types.LoadOptions | null} options
 * @returns {types.LoadOptions & { headers?: Record<string, string> }}
 */
export function checkedOptions(options) {
  const given = Object.entries(options ?? {}).filter(([, value]) => value !== null && value !== undefined);
  for (const [name, value] of given) {
    if (!Object.hasOwn(OPTIONS, name))
      throw new TypeError(`loadModel has no option ${name}; its options are ${Object.keys(OPTIONS).join(', ')}`);
    const [isAllowed, expected] = OPTIONS[/** @type {keyof types.LoadOptions} */ (name)];
    if (!isAllowed(value)) throw new TypeError(`the option ${name} must be ${expected}, not ${shown(value)}`);
  }
  const { headers, ...others } = /** @type {types.LoadOptions} */ (Object.fromEntries(given));
  return { ...others, headers: headers && Object.fromEntries(new Headers(headers)) };
}
