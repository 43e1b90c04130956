/* Random use of a model through the package's API: chats, turns of sessions, forks, saves, rewinds, aborts and reloads.
 * Every answer must equal that of a fresh session. Runs in Node and in a page. */

const CONTEXT = 384;
const WORDS = 'a river stone seven under paper why blue tell me count the cat list light if song north small'.split(
  ' ',
);

/* Random numbers below a limit: mulberry32. */
function random(seed) {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
}

function same(found, expected, what) {
  if (found.length !== expected.length || found.some((id, i) => id !== expected[i])) {
    throw new Error(`${what}: [${found}] instead of [${expected}]`);
  }
}

async function draw(session, count, settings) {
  const ids = [];
  await session.sampling(settings);
  for (let i = 0; i < count; i++) {
    ids.push(await session.sample());
    await session.step(ids[i]);
  }
  return ids;
}

class Rounds {
  constructor(load, seed) {
    this.load = load;
    this.below = random(seed);
    this.slots = []; /* {session, ids} */
    this.counts = {};
    this.answers = 0;
  }

  text() {
    return Array.from({ length: 1 + this.below(8) }, () => WORDS[this.below(WORDS.length)]).join(' ');
  }

  slot() {
    return this.slots[this.below(this.slots.length)];
  }

  async begin() {
    this.model = await this.load({ contextSize: CONTEXT, threads: 1, cache: false });
    for (let i = 0; i < 2; i++) this.slots.push({ session: await this.model.session(), ids: [] });
  }

  /* What a fresh session answers to these tokens. */
  async fresh(ids, count, settings) {
    const session = await this.model.session();
    await session.prefill(ids);
    const answer = await draw(session, count, settings);
    await session.free();
    this.answers++;
    return answer;
  }

  async turn() {
    const slot = this.slot();
    const more = await this.model.tokenize(this.text(), { addSpecial: false });
    if (slot.ids.length + more.length + 8 > CONTEXT) {
      slot.ids.length = this.below(20);
      await slot.session.rewind(slot.ids.length);
    }
    const settings = { temperature: this.below(2) ? 0.9 : 0, seed: this.below(1e6), topK: 20 };
    const count = 1 + this.below(6);
    const before = [...slot.ids, ...more];
    await slot.session.prefill(more);
    const answer = await draw(slot.session, count, settings);
    same(answer, await this.fresh(before, count, settings), 'a turn');
    slot.ids = [...before, ...answer];
  }

  async chat() {
    this.messages ??= [];
    if (this.messages.length > 4 || this.below(4) === 0) this.messages = [];
    this.messages.push({ role: 'user', content: this.text() });
    const max_tokens = 1 + this.below(6);
    const {
      choices: [{ message }],
    } = await this.model.chat.completions.create({ messages: this.messages, temperature: 0, max_tokens });
    const { tokens } = await this.model.template(this.messages);
    const expected = [];
    for (const id of await this.fresh(tokens, max_tokens, { temperature: 0 })) {
      if (await this.model.isEnd(id)) break;
      expected.push(id);
    }
    const text = await this.model.detokenize(expected, { continues: true });
    if (message.content.trim() !== text.trim()) throw new Error(`a chat: ${message.content} instead of ${text}`);
    this.messages.push({ role: 'assistant', content: message.content });
  }

  async fork() {
    const from = this.slot();
    const session = await from.session.fork();
    const to = this.slot();
    const ids = [...from.ids];
    await to.session.free();
    Object.assign(to, { session, ids });
  }

  async save() {
    const [from, to] = [this.slot(), this.slot()];
    if (from.ids.length === 0) return;
    await to.session.restore(await from.session.save());
    to.ids = [...from.ids];
  }

  async rewind() {
    const slot = this.slot();
    slot.ids.length = this.below(slot.ids.length + 1);
    await slot.session.rewind(slot.ids.length);
  }

  async abort() {
    const slot = this.slot();
    const reason = new Error('enough');
    const controller = new AbortController();
    const ids = (await this.model.tokenize(this.text().repeat(4), { addSpecial: false })).slice(0, 60);
    if (slot.ids.length + ids.length > CONTEXT) return;
    const call = slot.session.prefill(ids, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), this.below(60));
    await call.catch((error) => {
      if (error !== reason && error.message !== reason.message) throw error;
    });
    await slot.session.rewind(slot.ids.length);
  }

  async invalid() {
    const { session } = this.slot();
    const calls = [
      () => session.prefill([-1]),
      () => session.prefill([1 << 30]),
      () => session.rewind(1e6),
      () => session.restore(new Uint8Array(300)),
      () => this.model.session({ contextSize: -1 }),
    ];
    const refused = await calls[this.below(calls.length)]().then(
      () => false,
      () => true,
    );
    if (!refused) throw new Error('an invalid call was accepted');
  }

  async reload() {
    const saved = [];
    for (const { session, ids } of this.slots.splice(0)) {
      saved.push({ bytes: ids.length ? await session.save() : null, ids });
      await session.free();
    }
    await this.model.free();
    await this.begin();
    for (const [i, { bytes, ids }] of saved.entries()) {
      if (bytes) {
        await this.slots[i].session.restore(bytes);
        this.slots[i].ids = ids;
      }
    }
  }

  async round() {
    const kinds = ['turn', 'turn', 'turn', 'chat', 'chat', 'fork', 'save', 'rewind', 'abort', 'invalid'];
    const kind = this.below(40) === 0 ? 'reload' : kinds[this.below(kinds.length)];
    await this[kind]();
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
  }

  async end() {
    for (const { session } of this.slots) await session.free();
    await this.model.free();
  }
}

/* load(options): a model; report(state): called after each round. Resolves to {answers, counts, memory}. */
export async function soak(load, { minutes, seed, report = () => {} }) {
  const rounds = new Rounds(load, seed);
  const end = Date.now() + minutes * 60_000;
  const memory = [];
  await rounds.begin();
  while (Date.now() < end) {
    await rounds.round();
    memory.push(rounds.model.info.memoryBytes);
    await report({ answers: rounds.answers, counts: rounds.counts });
  }
  const { answers, counts } = rounds;
  const half = memory.length >> 1;
  await rounds.end();
  return { answers, counts, module: [Math.max(...memory.slice(0, half)), Math.max(...memory.slice(half))] };
}
