/* The error of a source, also used by the page. */

/** A problem with the network, the server, or the file on the server. */
export class SourceError extends Error {
  /**
   * @param {string} message
   * @param {object} [options]
   * @param {number} [options.status] of HTTP; 0 if there was no answer
   * @param {boolean} [options.retry] whether trying again may help
   * @param {boolean} [options.invalid] whether what has been stored of the file must not be kept
   */
  constructor(message, { status = 0, retry = false, invalid = false } = {}) {
    super(message);
    this.name = 'SourceError';
    this.status = status;
    this.retry = retry;
    this.invalid = invalid;
  }
}
