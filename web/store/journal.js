/* What is known about a stored file, as lines of text: a head in JSON, `<block> <checksum>` for each stored block, and
 * at last the commit record in JSON. Lines are only ever appended, so a torn last line costs one block and nothing
 * else. */

/**
 * @typedef {object} Head
 * @property {string} url
 * @property {string} name
 * @property {number} size bytes of the file
 * @property {string} etag
 * @property {number} parts how many files the model has
 *
 * @typedef {{ sha256: string | null, date: string }} Commit
 */

export const BLOCK = 1 << 20; // bytes
const VERSION = 1;

/** @param {unknown} value */
const line = (value) => `${JSON.stringify(value)}\n`;
/**
 * @param {number} block
 * @param {number} sum
 */
const blockLine = (block, sum) => `${block} ${sum.toString(16)}\n`;
/** @param {number} size in bytes */
export const blocksOf = (size) => Math.ceil(size / BLOCK);

/**
 * @param {string} text
 * @returns {any}
 */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export class Journal {
  /** The checksum of each stored block. @type {Map<number, number>} */
  sums = new Map();
  /** Set when the file is complete. @type {Commit | null} */
  commit = null;

  /** @param {Head} head */
  constructor(head) {
    this.head = { version: VERSION, ...head };
  }

  /**
   * Reads a journal. null if it is none of this version.
   * @param {string} text
   */
  static parse(text) {
    const lines = text.split('\n');
    lines.pop(); // empty, or torn
    const head = parsed(lines.shift() ?? '');
    if (head?.version !== VERSION || !Number.isSafeInteger(head.size) || head.size <= 0) return null;
    if ([head.url, head.name, head.etag].some((text) => typeof text !== 'string')) return null;
    const journal = new Journal(head);
    for (const text of lines) {
      const match = /^(\d+) ([0-9a-f]+)$/.exec(text);
      if (match && Number(match[1]) < blocksOf(head.size)) journal.sums.set(Number(match[1]), parseInt(match[2], 16));
      else journal.commit = parsed(text)?.commit ?? null;
    }
    if (!journal.whole) journal.commit = null;
    return journal;
  }

  /** Whether every block is stored. */
  get whole() {
    return this.sums.size === blocksOf(this.head.size);
  }

  get storedBytes() {
    const last = blocksOf(this.head.size) - 1;
    return this.sums.size * BLOCK - (this.sums.has(last) ? (last + 1) * BLOCK - this.head.size : 0);
  }

  /**
   * Adds a block. Returns the line to append.
   * @param {number} block
   * @param {number} sum
   */
  add(block, sum) {
    this.sums.set(block, sum);
    return blockLine(block, sum);
  }

  /**
   * Adds the commit record. Returns the line to append.
   * @param {string | null} sha256
   */
  finish(sha256) {
    this.commit = { sha256, date: new Date().toISOString() };
    return line({ commit: this.commit });
  }

  /** The whole text, without the commit record. */
  get text() {
    return line(this.head) + Array.from(this.sums, ([block, sum]) => blockLine(block, sum)).join('');
  }
}
