/* SHA-256 (FIPS 180-4) of bytes that arrive in pieces; crypto.subtle needs all of them at once. */

/**
 * The first 32 bits of the fractional parts of root(p) for the first `count` primes p.
 * @param {number} count
 * @param {(n: number) => number} root
 */
function fractions(count, root) {
  /** @type {[number, number][]} */
  const found = [];
  for (let n = 2; found.length < count; n++) {
    if (!found.some(([prime]) => n % prime === 0)) found.push([n, ((root(n) % 1) * 2 ** 32) | 0]);
  }
  return Int32Array.from(found, ([, bits]) => bits);
}

const K = fractions(64, Math.cbrt);
const START = fractions(8, Math.sqrt);

export class Sha256 {
  #state = START.slice();
  #schedule = new Int32Array(64);
  #block = new Uint8Array(64);
  #view = new DataView(this.#block.buffer);
  #filled = 0;
  #length = 0;

  /** @param {Uint8Array} bytes */
  update(bytes) {
    this.#length += bytes.length;
    let at = 0;
    if (this.#filled) at = this.#fill(bytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (; at + 64 <= bytes.length; at += 64) this.#compress(view, at);
    if (at < bytes.length) this.#fill(bytes.subarray(at));
    return this;
  }

  /**
   * Adds bytes to the current block. Returns how many fitted.
   * @param {Uint8Array} bytes
   */
  #fill(bytes) {
    const count = Math.min(64 - this.#filled, bytes.length);
    this.#block.set(bytes.subarray(0, count), this.#filled);
    this.#filled += count;
    if (this.#filled === 64) {
      this.#compress(this.#view, 0);
      this.#filled = 0;
    }
    return count;
  }

  /**
   * @param {DataView} view
   * @param {number} at offset of a block
   */
  #compress(view, at) {
    const w = this.#schedule;
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + 4 * i);
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15],
        y = w[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (((w[i - 16] + s0) | 0) + ((w[i - 7] + s1) | 0)) | 0;
    }
    const state = this.#state;
    let a = state[0],
      b = state[1],
      c = state[2],
      d = state[3],
      e = state[4],
      f = state[5],
      g = state[6],
      h = state[7];
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (((h + s1) | 0) + (((g ^ (e & (f ^ g))) + ((K[i] + w[i]) | 0)) | 0)) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) | (c & (a | b)))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
  }

  /** The digest as 64 hexadecimal digits. Nothing can be added afterwards. */
  hex() {
    const bits = BigInt(this.#length) * 8n;
    const tail = new Uint8Array(((this.#filled + 8) & 64 ? 128 : 64) - this.#filled);
    tail[0] = 0x80;
    new DataView(tail.buffer).setBigUint64(tail.length - 8, bits);
    this.update(tail);
    return Array.from(this.#state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
