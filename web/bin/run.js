import { loadModel } from './engine.js';
import { standardText } from './files.js';
import { progress } from './progress.js';

const breathe = () =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

function hasTemplate(model) {
  for (const { key } of model.metadata(0)) if (key === 'tokenizer.chat_template') return true;
  return false;
}

function promptTokens(engine, model, text, options) {
  if (!options.raw && !hasTemplate(model)) {
    process.stderr.write('quern: the model has no chat template; the prompt is taken as it is (as with --raw)\n');
  } else if (!options.raw) {
    const messages = [{ role: 'user', content: text }];
    if (options.system !== undefined) messages.unshift({ role: 'system', content: options.system });
    const prompt = engine.prompt(model, { messages, add_generation_prompt: true, now: Math.floor(Date.now() / 1000) });
    const tokens = prompt.tokens(model);
    prompt.free();
    return tokens;
  }
  return model.tokenize(text);
}

const settings = (options) => ({
  temperature: options.temp,
  topK: options['top-k'],
  topP: options['top-p'],
  minP: options['min-p'],
  repeatPenalty: options['repeat-penalty'],
  frequencyPenalty: options['frequency-penalty'],
  presencePenalty: options['presence-penalty'],
  seed: options.seed ?? BigInt(Math.floor(Math.random() * 2 ** 52)),
});

export default async function run(options) {
  options.prompt ??= standardText(); /* read once, whichever host answers */
  const text = options.prompt;
  const { engine, model, source, build, threads } = await loadModel(options);
  if (model.isEncoder)
    throw new Error(
      `${source.path}: it is an encoder, which gives embeddings and writes no text: quern embed shows them`,
    );
  const prompt = promptTokens(engine, model, text, options);
  if (prompt.length === 0) throw new Error('the prompt is empty');
  const most = options.n ?? 512;
  const context = options.context || Math.min(model.contextSize, prompt.length + most);
  if (prompt.length > context) {
    throw new Error(`the prompt has ${prompt.length} tokens, the context holds ${context}; -c takes a larger one`);
  }
  const session = model.session({ context, batch: options.batch ?? 0 });
  session.sampling(settings(options));

  let stopped = false;
  process.once('SIGINT', () => {
    stopped = true;
  }); /* a second one ends at once */
  const bar = progress('reading the prompt');
  const start = performance.now();
  session.feed(prompt);
  while (session.step() && !stopped) {
    bar.show(session.position, prompt.length);
    await breathe();
  }
  bar.done();
  const prefilled = performance.now();

  const stream = model.streamDecoder();
  const tokens = [];
  let answer = '';
  let reason = 'length';
  const emit = (piece) => {
    answer += piece;
    if (!options.json) process.stdout.write(piece);
  };
  while (!stopped && tokens.length < most) {
    const id = session.sample();
    if (model.isEnd(id)) {
      reason = 'stop';
      break;
    }
    tokens.push(id);
    emit(stream.push(id));
    if (tokens.length === most || session.position === context) break;
    session.feed([id]);
    while (session.step());
    await breathe();
  }
  emit(stream.flush());
  const end = performance.now();
  const rate = (count, from, to) => (to > from ? (1000 * count) / (to - from) : 0);
  const prefill = rate(prompt.length, start, prefilled);
  const decode = rate(Math.max(tokens.length - 1, 0), prefilled, end);
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({
        text: answer,
        tokens,
        prompt_tokens: prompt.length,
        prefill_tps: prefill,
        decode_tps: decode,
        finish_reason: reason,
      })}\n`,
    );
  } else {
    process.stdout.write('\n');
    process.stderr.write(
      `\nprefill ${prefill.toFixed(1)} tokens/s (${prompt.length}), decode ${decode.toFixed(1)} tokens/s ` +
        `(${tokens.length}); ${build.name}, ${threads} thread${threads > 1 ? 's' : ''}\n`,
    );
  }
  session.free();
  model.free();
  await engine.stop();
  if (stopped) process.exitCode = 130;
}
