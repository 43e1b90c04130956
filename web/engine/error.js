/* The error that a failed call throws. */

/** An error of the engine. */
export class QuernError extends Error {
  /**
   * @param {string} message one line of text
   * @param {number} code a negative qn_status of include/quern.h
   * @param {number | null} offset of the byte in the file or template that caused it; null if there is none
   */
  constructor(message, code, offset) {
    super(message);
    this.name = 'QuernError';
    this.code = code;
    this.offset = offset;
  }
}
