/* Loads a model's tensors in the order in which layers need them, so that a prompt is computed while they arrive. */
import { STATUS } from '../engine/constants.js';

/**
 * @import { Model } from '../engine/model.js'
 * @import { Source } from '../sources/index.js'
 *
 * The reads of one split: [offset, length] in the order of need. base: the address of its byte 0 in linear memory.
 * @typedef {{ base: number, begin: number, end: number, seen: Set<number>, order: [number, number][] }} SplitReads
 */

const READ_BYTES = 1 << 20; // sources have blocks of this size

/** What sessions wait for while a model loads. */
export class Loading {
  over = false;
  /** @type {unknown} */
  #failure = null;
  /** @type {Set<() => void>} */
  #waiting = new Set();

  /** Reports that more tensors have arrived. */
  arrived() {
    for (const wake of this.#waiting) wake();
  }

  /** @param {unknown} [failure] the error, if loading failed */
  end(failure = null) {
    this.over = true;
    this.#failure = failure;
    this.arrived();
  }

  /**
   * Resolves when more has arrived than now. Rejects if loading fails or the signal is aborted.
   * @param {AbortSignal} [signal]
   */
  async next(signal) {
    signal?.throwIfAborted();
    if (!this.over) {
      await new Promise((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          signal?.removeEventListener('abort', wake);
          resolve(undefined);
        };
        this.#waiting.add(wake);
        signal?.addEventListener('abort', wake);
      });
    }
    signal?.throwIfAborted();
    if (this.#failure) throw this.#failure;
  }

  /**
   * Resolves when everything has arrived.
   * @param {AbortSignal} [signal]
   */
  async whole(signal) {
    while (!this.over) await this.next(signal);
    await this.next(signal);
  }
}

/**
 * The blocks that hold a model's tensors, in the order of need: for each split, and [split, offset, length] over all.
 * @param {Model} model
 */
function readsOf(model) {
  const needs = [...model.needs()];
  /** @type {SplitReads[]} */
  const splits = [];
  for (const { split, offset, bytes, address } of needs) {
    splits[split] ??= { base: address - offset, begin: Infinity, end: 0, seen: new Set(), order: [] };
    const reads = splits[split];
    reads.begin = Math.min(reads.begin, offset);
    reads.end = Math.max(reads.end, offset + bytes);
  }
  /** @type {[number, number, number][]} */
  const all = [];
  for (const { split, offset, bytes } of needs) {
    const { seen, begin, end, order } = splits[split];
    for (let at = offset - (offset % READ_BYTES); at < offset + bytes; at += READ_BYTES) {
      if (seen.has(at)) continue;
      seen.add(at);
      const start = Math.max(at, begin);
      const length = Math.min(at + READ_BYTES, end) - start;
      order.push([start, length]);
      all.push([split, start, length]);
    }
  }
  return { splits, all };
}

/**
 * @param {Model} model
 * @param {Source} source
 * @param {() => unknown} arrived
 */
async function readInOrderOfNeed(model, source, arrived) {
  const { splits, all } = readsOf(model);
  for (const [split, { order }] of splits.entries()) source.expect(order, split);
  for (const [split, start, length] of all) {
    for (let done = 0; done < length; ) {
      const offset = start + done;
      const target = model.engine.binding.bytes(splits[split].base + offset, length - done);
      const count = await source.read(target, offset, split);
      model.wroteAt(split, offset, count);
      done += count;
      await arrived();
    }
  }
}

/**
 * Reads the tensors of a model whose memory has been taken: in the order of need if the source is seekable, otherwise
 * in file order.
 * @param {Model} model
 * @param {Source} source
 * @param {() => unknown} arrived awaited whenever bytes have arrived
 */
export async function readTensors(model, source, arrived) {
  try {
    if (source.seekable) await readInOrderOfNeed(model, source, arrived);
  } catch (error) {
    /* The engine limits how many separate ranges it remembers. Beyond that, file order works. */
    if (error.code !== STATUS.limit) throw error;
  }
  await model.read(source, arrived);
}
