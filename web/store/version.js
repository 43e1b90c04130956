/* Compares versions of a file: ETags, or dates. */

/**
 * An ETag's opaque tag, without what servers add when they compress the answer.
 * @param {string} version
 */
const opaqueTag = (version) => version.replace(/^W\//, '').replace(/[-;](gzip|br|zstd|deflate)"$/, '"');

/**
 * Whether two versions are the same by the weak comparison of RFC 9110, section 8.8.3.2. Apache and others compress
 * `"1"` as `"1-gzip"`, `"1;gzip"` or `W/"1"`.
 * @param {string} a
 * @param {string} b
 */
export const sameVersion = (a, b) => opaqueTag(a) === opaqueTag(b);
