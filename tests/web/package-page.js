/* Functions that package.test.mjs calls in its page, under window.my. */
import { deleteModel, deleteSession, listModels, listSessions, loadModel } from '/web/index.js';

const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
const notes = [];
let model = null;

window.my = {
  notes,
  deleteModel,
  listModels,
  listSessions,
  deleteSession,

  /* The names of the folders of stored models. */
  async folders() {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('quern', { create: true });
    const names = [];
    for await (const name of folder.keys()) names.push(name);
    return names;
  },

  get model() {
    return model;
  },

  async load(source, options) {
    await model?.free();
    model = null;
    model = await loadModel(source, { onNote: (text) => notes.push(text), ...options });
    return model.info;
  },

  async free() {
    await model?.free();
    model = null;
  },

  /* A greedy answer, and how the prompt's progress was reported. */
  async answer(content, most) {
    let text = '';
    let pieces = 0;
    const progress = [];
    const onProgress = (each) => progress.push(each);
    const request = { messages: [{ role: 'user', content }], temperature: 0, max_tokens: most, stream: true };
    for await (const { choices } of await model.chat.completions.create(request, { onProgress })) {
      pieces++;
      text += choices[0]?.delta.content ?? '';
    }
    return { text, pieces, progress };
  },

  /* The sha256 of the logits after each of the ids, one after another, and that of all their steps computed at once. */
  async hashes(ids) {
    const session = await model.session({ contextSize: ids.length });
    const rows = [];
    for (const id of ids) {
      await session.step(id);
      rows.push(await session.logits());
    }
    const last = rows.at(-1);
    await session.rewind(0);
    await session.prefill(ids);
    const again = await session.logits();
    await session.free();
    return {
      sha256: hex(await crypto.subtle.digest('SHA-256', await new Blob(rows).arrayBuffer())),
      same: last.every((logit, i) => logit === again[i]),
    };
  },

  /* Starts `work` with a signal, waits for `begun`, and aborts. Resolves to the error's name, the milliseconds until it
   * came, and the milliseconds until the engine answered another call. */
  async aborted(work, begun) {
    const controller = new AbortController();
    const end = work(controller.signal).then(
      () => ({ name: 'nothing' }),
      (error) => error,
    );
    await begun();
    const at = performance.now();
    controller.abort();
    const { name } = await end;
    const rejected = performance.now() - at;
    await model?.isEnd(0);
    return { name, rejected, free: performance.now() - at };
  },
};
