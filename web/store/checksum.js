/* XXH32 with seed 0 (see xxHash's specification). It detects damaged blocks in the storage, at the speed of memory. */
const P1 = 0x9e3779b1 | 0;
const P2 = 0x85ebca77 | 0;
const P3 = 0xc2b2ae3d | 0;
const P4 = 0x27d4eb2f;
const P5 = 0x165667b1;

const { imul } = Math;
const rotate = (/** @type {number} */ x, /** @type {number} */ n) => (x << n) | (x >>> (32 - n));

/** @param {Uint8Array} bytes */
export function checksum(bytes) {
  const { length } = bytes;
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Int32Array(aligned.buffer, aligned.byteOffset, length >> 2);
  let hash = P5;
  let i = 0;
  if (length >= 16) {
    let a = (P1 + P2) | 0,
      b = P2,
      c = 0,
      d = -P1 | 0;
    for (const end = words.length - 3; i < end; i += 4) {
      a = imul(rotate((a + imul(words[i], P2)) | 0, 13), P1);
      b = imul(rotate((b + imul(words[i + 1], P2)) | 0, 13), P1);
      c = imul(rotate((c + imul(words[i + 2], P2)) | 0, 13), P1);
      d = imul(rotate((d + imul(words[i + 3], P2)) | 0, 13), P1);
    }
    hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
  }
  hash = (hash + length) | 0;
  for (; i < words.length; i++) hash = imul(rotate((hash + imul(words[i], P3)) | 0, 17), P4);
  for (let k = 4 * i; k < length; k++) hash = imul(rotate((hash + imul(aligned[k], P5)) | 0, 11), P1);
  hash = imul(hash ^ (hash >>> 15), P2);
  hash = imul(hash ^ (hash >>> 13), P3);
  return (hash ^ (hash >>> 16)) >>> 0;
}
