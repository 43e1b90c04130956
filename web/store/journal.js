/* What is known of a stored file, in lines: a head in JSON, then `<block> <checksum>` for each block that is stored, and
 * last the commit record in JSON. Lines are only ever added, so a torn last line costs one block and nothing else. */

export const BLOCK = 1 << 20;
const VERSION = 1;

const line = (value) => `${JSON.stringify(value)}\n`;
const blockLine = (block, sum) => `${block} ${sum.toString(16)}\n`;
export const blocksOf = (size) => Math.ceil(size / BLOCK);

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export class Journal {
  sums = new Map(); // block → checksum
  commit = null; // {sha256, date}

  /* head: {url, name, size, etag} */
  constructor(head) {
    this.head = { version: VERSION, ...head };
  }

  /* null when it is not one that we could have written. */
  static parse(text) {
    const lines = text.split('\n');
    lines.pop(); // empty, or torn
    const head = parsed(lines.shift() ?? '');
    if (head?.version !== VERSION || !Number.isSafeInteger(head.size) || head.size <= 0) return null;
    const journal = new Journal(head);
    for (const text of lines) {
      const match = /^(\d+) ([0-9a-f]+)$/.exec(text);
      if (match && Number(match[1]) < blocksOf(head.size)) journal.sums.set(Number(match[1]), parseInt(match[2], 16));
      else journal.commit = parsed(text)?.commit ?? null;
    }
    if (!journal.whole) journal.commit = null;
    return journal;
  }

  /* Every block is there. */
  get whole() {
    return this.sums.size === blocksOf(this.head.size);
  }

  get storedBytes() {
    const last = blocksOf(this.head.size) - 1;
    return this.sums.size * BLOCK - (this.sums.has(last) ? (last + 1) * BLOCK - this.head.size : 0);
  }

  /* These return the text to append. */
  add(block, sum) {
    this.sums.set(block, sum);
    return blockLine(block, sum);
  }

  finish(sha256) {
    this.commit = { sha256, date: new Date().toISOString() };
    return line({ commit: this.commit });
  }

  /* All of it but the commit record. */
  get text() {
    return line(this.head) + Array.from(this.sums, ([block, sum]) => blockLine(block, sum)).join('');
  }
}
