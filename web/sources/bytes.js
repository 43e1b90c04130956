/* Bytes in memory that callers pass: buffers and views of any kind, also of another frame or realm. */

/**
 * The name of a platform object's class. It is the same in all frames and realms, unlike the class itself.
 * @param {unknown} value
 */
export const classOf = (value) => Object.prototype.toString.call(value).slice(8, -1);

/**
 * The bytes of a buffer or of a view, in place; undefined for anything else.
 * @param {any} value
 * @returns {Uint8Array | undefined}
 */
export function bytesOf(value) {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (!/^(Shared)?ArrayBuffer$/.test(classOf(value))) return undefined;
  return new Uint8Array(value.byteLength ? value : 0); // a buffer that was transferred cannot be viewed
}

/**
 * A value in which views into larger buffers are replaced by copies, because posting a view posts its whole buffer.
 * @param {any} value
 * @param {Transferable[]} copies takes the buffers of the copies
 * @returns {any}
 */
export function compact(value, copies) {
  if (ArrayBuffer.isView(value)) {
    if (value.byteLength === value.buffer.byteLength) return value;
    const View = /** @type {any} */ (value).constructor;
    const { buffer } = /** @type {Uint8Array} */ (bytesOf(value)).slice();
    copies.push(/** @type {ArrayBuffer} */ (buffer));
    return new View(buffer);
  }
  const isObject = (/** @type {unknown} */ each) => typeof each === 'object' && each !== null;
  if (Array.isArray(value)) return value.some(isObject) ? value.map((each) => compact(each, copies)) : value;
  if (!isObject(value) || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, compact(each, copies)]));
}
