/* quern run: answers a prompt. */
import { chatTemplateOf } from '../api/chat-format.js';
import { samplingNote } from '../api/file-sampling.js';
import { ask } from './ask.js';
import { grammarOf, MaskClock } from './constraint.js';
import { DEFAULT_CONTEXT, loadModel, naming } from './engine.js';
import { readText, standardText } from './files.js';
import { progress } from './progress.js';
import { checkOptions, checkTemplate, readsOutput, readTools, thinkVariables } from './tools.js';

const DEFAULT_LIMIT = 512; /* tokens of an answer */

/* Lets signals and output be handled between two steps. */
const yieldToEvents = () =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

export function promptTokens(engine, model, text, options) {
  const own = options.template === undefined ? undefined : new TextDecoder().decode(readText(options.template));
  const { template, note } = options.raw ? {} : chatTemplateOf(model, own);
  if (!options.raw && template === undefined) {
    checkTemplate(model, template, options);
    process.stderr.write('quern: the model has no chat template; the prompt is used as is (like --raw)\n');
  } else if (!options.raw) {
    if (note) process.stderr.write(`quern: ${note}\n`);
    checkTemplate(model, template, options);
    const messages = [{ role: 'user', content: text }];
    if (options.system !== undefined) messages.unshift({ role: 'system', content: options.system });
    const now = Math.floor(Date.now() / 1000);
    const variables = { messages, add_generation_prompt: true, now, ...thinkVariables(options) };
    const prompt = naming(options.template ?? options.model, () => engine.prompt(model, variables, template));
    const tokens = prompt.tokens(model);
    prompt.free();
    return tokens;
  }
  return model.promptTokens(text);
}

const samplerSettings = (options) => ({
  temperature: options.temp,
  topK: options['top-k'],
  topP: options['top-p'],
  minP: options['min-p'],
  repeatPenalty: options['repeat-penalty'],
  frequencyPenalty: options['frequency-penalty'],
  presencePenalty: options['presence-penalty'],
  seed: options.seed ?? BigInt(Math.floor(Math.random() * 2 ** 52)),
});

/* Reads the prompt. Returns early when interrupted. */
async function prefill(session, prompt, interrupt) {
  const bar = progress('reading the prompt');
  session.feed(prompt);
  while (session.step() && !interrupt.requested) {
    bar.show(session.position, prompt.length);
    await yieldToEvents();
  }
  bar.done();
}

/* The next tokens: those that the grammar leaves no choice about, or one that the model chooses. */
function nextTokens(session, clock) {
  const forced = session.forced();
  if (forced.length) return forced;
  clock?.measure(session);
  return [session.sample()];
}

/* Generates up to `limit` tokens and passes their text to emit(). Returns {tokens, reason}. */
async function generate(session, model, { limit, context, interrupt, emit, clock }) {
  const stream = model.streamDecoder({ continues: true });
  const tokens = [];
  let reason = 'length';
  while (!interrupt.requested && tokens.length < limit && reason !== 'stop') {
    const next = nextTokens(session, clock).slice(0, Math.min(limit - tokens.length, context - session.position + 1));
    const end = next.findIndex((id) => model.isEnd(id));
    const shown = end < 0 ? next : next.slice(0, end);
    if (end >= 0) reason = 'stop';
    tokens.push(...shown);
    for (const id of shown) emit(stream.push(id));
    if (reason === 'stop' || tokens.length === limit || session.position + shown.length > context) break;
    session.feed(shown);
    while (session.step());
    await yieldToEvents();
  }
  emit(stream.flush());
  return { tokens, reason };
}

function report({ text, tokens, reason, prompt, rates, build, threads, order, clock }, json) {
  if (json) {
    const result = {
      text,
      tokens,
      prompt_tokens: prompt.length,
      prefill_tps: rates.prefill,
      decode_tps: rates.decode,
      finish_reason: reason,
      threads,
      weight_order: order,
      ...(clock && { mask_stats: clock.summary }),
    };
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return;
  }
  process.stdout.write('\n');
  process.stderr.write(
    `\nprefill ${rates.prefill.toFixed(1)} tokens/s (${prompt.length}), decode ${rates.decode.toFixed(1)} tokens/s ` +
      `(${tokens.length}); ${build.name}, ${threads} thread${threads > 1 ? 's' : ''}\n`,
  );
  if (clock) process.stderr.write(`${clock}\n`);
}

const rate = (count, milliseconds) => (milliseconds > 0 ? (1000 * count) / milliseconds : 0);

async function answer(loaded, prompt, { limit, context }, options) {
  const { engine, model } = loaded;
  const clock = options['mask-stats'] ? new MaskClock() : null;
  const compile = () => grammarOf(engine, model, options);
  const grammar = clock ? clock.compiling(compile) : compile();
  const session = model.session({ context, batch: options.batch ?? 0 });
  session.sampling(samplerSettings(options));
  const note = samplingNote(model);
  if (note) process.stderr.write(`quern: ${note}\n`);
  const interrupt = { requested: false };
  process.once('SIGINT', () => {
    interrupt.requested = true; /* a second Ctrl-C ends the process */
  });
  let text = '';
  const emit = (piece) => {
    text += piece;
    if (!options.json) process.stdout.write(piece);
  };
  const start = performance.now();
  await prefill(session, prompt, interrupt);
  const prefilled = performance.now();
  if (grammar) session.constrain(grammar);
  const { tokens, reason } = await generate(session, model, { limit, context, interrupt, emit, clock });
  const end = performance.now();
  const rates = {
    prefill: rate(prompt.length, prefilled - start),
    decode: rate(Math.max(tokens.length - 1, 0), end - prefilled),
  };
  report({ ...loaded, text, tokens, reason, prompt, rates, clock }, options.json);
  session.free();
  grammar?.free();
  if (interrupt.requested) process.exitCode = 130;
}

export default async function run(options) {
  checkOptions(options);
  const tools = await readTools(options);
  options.prompt ??= standardText(); /* read here, because another host may take over */
  const loaded = await loadModel(options);
  const { engine, model, source } = loaded;
  if (model.isEncoder)
    throw new Error(`${source.path}: is an encoder, which generates no text; use quern embed for its embeddings`);
  const limit = options.n === -1 ? Infinity : (options.n ?? DEFAULT_LIMIT);
  if (readsOutput(options)) {
    await ask(loaded, limit, options, tools);
    model.free();
    await engine.stop();
    return;
  }
  const prompt = promptTokens(engine, model, options.prompt, options);
  if (prompt.length === 0) throw new Error('the prompt is empty');
  const needed = Number.isFinite(limit)
    ? prompt.length + limit
    : Math.max(DEFAULT_CONTEXT, prompt.length + DEFAULT_LIMIT);
  const context = options.context || Math.min(model.contextSize, needed);
  if (prompt.length > context)
    throw new Error(
      `the prompt has ${prompt.length} tokens, but the context holds ${context}; set a larger context with -c`,
    );
  await answer(loaded, prompt, { limit, context }, options);
  model.free();
  await engine.stop();
}
