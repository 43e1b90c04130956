/* Recognizes the package's errors. They may come from a worker, which keeps their fields but not their class, or from
 * another frame, whose Error is another class. */
import { classOf } from '../sources/bytes.js';

/**
 * @import * as types from '../index.js'
 */

/**
 * @param {unknown} error
 * @param {string} name
 * @param {string} field that the errors of this name have
 */
const named = (error, name, field) => {
  if (classOf(error) !== 'Error') return false;
  const fields = /** @type {Error} */ (error);
  return fields.name === name && field in fields;
};

/**
 * @param {unknown} error
 * @returns {error is types.QuernError}
 */
export const isQuernError = (error) => named(error, 'QuernError', 'offset');

/**
 * @param {unknown} error
 * @returns {error is types.RequestError}
 */
export const isRequestError = (error) => named(error, 'RequestError', 'param');

/**
 * @param {unknown} error
 * @returns {error is types.SessionError}
 */
export const isSessionError = (error) => named(error, 'SessionError', 'code');

/**
 * @param {unknown} error
 * @returns {error is types.SourceError}
 */
export const isSourceError = (error) => named(error, 'SourceError', 'status');
