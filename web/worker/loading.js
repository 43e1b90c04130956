/* Tensors that are computed with while the others are still on their way. */

const PIECE = 1 << 20; /* bytes, from a multiple of as many on: sources come in such blocks */
const LIMIT = -8;

/* What a model's sessions wait for. */
export class Loading {
  over = false;
  #failure = null;
  #waiting = new Set();

  /* More tensors are there. */
  arrived() {
    for (const wake of this.#waiting) wake();
  }

  end(failure = null) {
    this.over = true;
    this.#failure = failure;
    this.arrived();
  }

  /* Resolves when more is there than now; rejects when loading fails or the signal is aborted. */
  async next(signal) {
    signal?.throwIfAborted();
    if (!this.over) {
      await new Promise((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal?.addEventListener('abort', wake);
      });
    }
    signal?.throwIfAborted();
    if (this.#failure) throw this.#failure;
  }

  async whole(signal) {
    while (!this.over) await this.next(signal);
    await this.next(signal);
  }
}

/* For each part {base, order}: where its byte 0 would lie in memory, and [offset, length] in the order of need; and `all`,
 * [part, offset, length] over all parts. */
function planned(model) {
  const parts = [];
  const needs = [...model.needs()];
  for (const { split: part, offset, bytes, address } of needs) {
    const it = (parts[part] ??= { base: address - offset, begin: Infinity, end: 0, seen: new Set(), order: [] });
    it.begin = Math.min(it.begin, offset);
    it.end = Math.max(it.end, offset + bytes);
  }
  const all = [];
  for (const { split: part, offset, bytes } of needs) {
    const { seen, begin, end, order } = parts[part];
    for (let at = offset - (offset % PIECE); at < offset + bytes; at += PIECE) {
      if (seen.has(at)) continue;
      seen.add(at);
      const start = Math.max(at, begin);
      order.push([start, Math.min(at + PIECE, end) - start]);
      all.push([part, ...order.at(-1)]);
    }
  }
  return { parts, all };
}

async function readAsNeeded(model, source, arrived) {
  const { parts, all } = planned(model);
  parts.forEach(({ order }, part) => source.expect(order, part));
  for (const [part, start, length] of all) {
    for (let done = 0; done < length; ) {
      const offset = start + done;
      const got = await source.read(model.engine.binding.bytes(parts[part].base + offset, length - done), offset, part);
      model.wroteAt(part, offset, got);
      done += got;
      await arrived();
    }
  }
}

/* Reads a placed model's tensors: in the order in which a pass over its layers needs them where the source can be read
 * anywhere, else as they come. arrived() is awaited whenever some have come. */
export async function readTensors(model, source, arrived) {
  try {
    if (source.seekable) await readAsNeeded(model, source, arrived);
  } catch (error) {
    if (error.code !== LIMIT) throw error; /* an order that leaves too many gaps goes on as the file has it */
  }
  await model.read(source, arrived);
}
