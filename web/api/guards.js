/* Recognizes the package's errors. They may come from a worker, which keeps their fields but not their class. */

/**
 * @import * as types from '../index.js'
 */

/**
 * @param {unknown} error
 * @param {string} name
 * @param {string} field that the errors of this name have
 */
const named = (error, name, field) => error instanceof Error && error.name === name && field in error;

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
