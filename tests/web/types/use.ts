/* The whole API as a TypeScript program uses it. Compiled by test_types.py, never run. */

import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatMessage,
  Completion,
  FinishReason,
  KeptSession,
  LoadOptions,
  Model,
  ModelInfo,
  ModelSource,
  PromptProgress,
  QuernError,
  RequestError,
  Sampling,
  Session,
  SessionError,
  SourceError,
  StoredModelInfo,
  Usage,
} from 'quern';
import {
  deleteModel,
  deleteSession,
  isQuernError,
  isRequestError,
  isSessionError,
  isSourceError,
  listModels,
  listSessions,
  loadModel,
  type persist,
  storageInfo,
} from 'quern';

import { Engine, QuernError as EngineError, LOGITS_ALL, POOLINGS, type Pooling, type SplitSource } from 'quern/engine';
import type {} from 'quern/worker';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(yes: Same<A, B>) => yes;

const sources: ModelSource[] = [
  'model.gguf',
  new URL('https://example.org/model.gguf'),
  ['a.gguf', new URL('https://example.org/b.gguf')],
  { url: 'https://example.org/model.gguf' },
  { urls: ['a', 'b'] },
  { repo: 'who/what', file: 'model.gguf' },
  { repo: 'who/what', file: 'model.gguf', revision: 'main', endpoint: 'https://example.org' },
  new Blob([]),
  [new Blob([]), new File([], 'b.gguf')],
  new File([], 'a.gguf'),
  { files: [new Blob([])] },
  new ArrayBuffer(8),
  new Uint8Array(8),
  { buffer: new ArrayBuffer(8) },
  new Blob([]).stream(),
  { stream: new Blob([]).stream(), size: 8 },
  new Response(),
  new Float32Array(8),
  new DataView(new SharedArrayBuffer(8)),
  [new ArrayBuffer(8), new Blob([])],
  ...(document.createElement('input').files ?? []),
];
const every: Required<LoadOptions> = {
  contextSize: 2048,
  threads: 4,
  weightOrder: 'distant',
  build: 'plain',
  early: true,
  overflow: 'shift',
  nfc: true,
  key: 'a key',
  template: '{{ messages }}',
  cache: false,
  revalidate: true,
  sha256: ['0'],
  headers: { Authorization: 'Bearer 0' },
  signal: new AbortController().signal,
  onProgress: ({ loaded, total }) => same<typeof loaded, typeof total>(true),
  onNote: (text) => text.trim(),
  wasm: new URL('https://example.org/wasm/'),
  worker: 'worker.js',
};
const messages: ChatMessage[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: [{ type: 'text', text: 'Hello' }] },
  { role: 'assistant', content: null, tool_calls: [] },
  { role: 'tool', content: '7', tool_call_id: 'a' },
];
const settings = {
  max_tokens: 10,
  max_completion_tokens: 10,
  temperature: 0.7,
  top_p: 0.9,
  top_k: 40,
  min_p: 0.05,
  repeat_penalty: 1.1,
  frequency_penalty: 0,
  presence_penalty: 0,
  logit_bias: { 2: -100 },
  seed: 1,
  stop: ['END'],
  n: 2,
  stream_options: { include_usage: true },
};

function first<T>([value]: T[]): T {
  if (value === undefined) throw new Error('the list is empty');
  return value;
}

async function embeds(model: Model) {
  const one = await model.embed('a', { pooling: 'mean', normalize: false });
  const many = await model.embed(['a', [1, 2]]);
  const tokens = await model.embed('a', { pooling: 'none' });
  const each = await model.embed(['a'], { pooling: 'none' });
  same<typeof one, Float32Array>(true);
  same<typeof many, Float32Array[]>(true);
  same<typeof tokens, Float32Array[]>(true);
  same<typeof each, Float32Array[][]>(true);
  const { data, usage } = await model.embeddings.create({
    input: [[1], 'a'],
    pooling: 'cls',
    dimensions: 8,
    encoding_format: 'float',
  });
  return data.map(({ embedding }) => embedding.length * usage.total_tokens);
}

async function chats(model: Model, signal: AbortSignal) {
  const whole = await model.chat.completions.create({
    messages,
    ...settings,
    tools: [{}],
    logprobs: true,
    top_logprobs: 3,
  });
  same<typeof whole, ChatCompletion>(true);
  const {
    message: { role, content },
    finish_reason: finish,
    logprobs,
  } = first(whole.choices);
  same<typeof finish, FinishReason>(true);
  const usage: Usage = whole.usage;
  const text: string = role + content + usage.prompt_tokens_details.cached_tokens;
  for (const { id, token, bytes, logprob, top_logprobs: top } of logprobs?.content ?? []) {
    [id, logprob, ...bytes, ...top.map((each) => each.logprob)].map((value) => value.toFixed(2));
    token.trim();
  }
  for await (const chunk of await model.chat.completions.create({ messages, stream: true }, { signal })) {
    same<typeof chunk, ChatCompletionChunk>(true);
    const delta: string | undefined = chunk.choices[0]?.delta.content;
    (delta ?? '').trim();
  }
  const { total, cache, processed, time_ms: ms }: PromptProgress = { total: 1, cache: 0, processed: 1, time_ms: 0.5 };
  const onProgress = (progress: PromptProgress) => void (progress.processed / (total + cache + processed + ms));
  await model.chat.completions.create({ messages, return_progress: true }, { signal, onProgress });
  const bytes: Uint8Array = await model.detokenize([1], { bytes: true });
  bytes.slice();
  const either = await model.chat.completions.create({ messages, stream: Math.random() > 0.5 });
  if ('choices' in either) either.usage.total_tokens.toFixed();
  else await either.return();
  for await (const { choices } of await model.completions.create({ prompt: 'Once', ...settings, stream: true }))
    choices[0]?.text.trim();
  const completion = await model.completions.create({ prompt: [1, 2, 3], logprobs: 5 });
  same<typeof completion, Completion>(true);
  const likely: Record<string, number> | undefined = completion.choices[0]?.logprobs?.top_logprobs[0];
  // @ts-expect-error a chat has messages
  await model.chat.completions.create({ prompt: 'no' });
  // @ts-expect-error top_k is a number
  await model.chat.completions.create({ messages, top_k: 'many' });
  // @ts-expect-error there are no such settings
  await model.chat.completions.create({ messages, temprature: 0 });
  // @ts-expect-error an answer that is not streamed cannot be iterated
  for await (const chunk of await model.chat.completions.create({ messages })) String(chunk);
  // @ts-expect-error logprobs of a completion are a number
  await model.completions.create({ prompt: '', logprobs: true });
  // @ts-expect-error images are not supported
  await model.template([{ role: 'user', content: [{ type: 'image_url', image_url: '' }] }]);
  return { text, likely };
}

async function below(model: Model) {
  const ids: number[] = await model.tokenize('text', { addSpecial: false, parseSpecial: true });
  await model.tokenize(new Uint8Array([97]));
  const text: string = await model.detokenize(ids, { showSpecial: true });
  const { text: prompt, tokens } = await model.template(messages, { tools: [] });
  const session: Session = await model.session({ contextSize: 100, batch: 8 });
  const sampling: Required<Sampling> = {
    temperature: 1,
    topP: 1,
    topK: 0,
    minP: 0,
    repeatPenalty: 1,
    frequencyPenalty: 0,
    presencePenalty: 0,
    penaltyLastN: 64,
    seed: 1n,
    logitBias: { 7: 1 },
  };
  await session.sampling(sampling);
  const position: number = await session.prefill(Int32Array.from(tokens), { signal: new AbortController().signal });
  const id: number = await session.sample();
  const end: boolean = await model.isEnd(id);
  await session.step(id);
  const logits: Float32Array | null = await session.logits();
  await session.rewind((await session.position()) - 1);
  const fork: Session = await session.fork();
  const saved: ArrayBuffer = await session.save();
  await fork.restore(saved);
  await fork.restore(new Uint8Array(saved));
  await fork.keep('a name');
  const resumed: number = await fork.resume('a name');
  await fork.free();
  await model.chat.keep('another');
  const kept: number = await model.chat.resume('another');
  // @ts-expect-error a step takes one token
  await session.step(ids);
  // @ts-expect-error logits may be missing
  (await session.logits()).length;
  // @ts-expect-error OpenAI's names are for requests
  await session.sampling({ top_k: 4 });
  // @ts-expect-error a model's info is read-only
  model.info = {};
  return { text, prompt, position, end, logits, resumed, kept };
}

export async function engine(wasm: Uint8Array<ArrayBuffer>, source: SplitSource, pooling: Pooling) {
  const started = await Engine.start(wasm, { threads: 2 });
  started.useThreads(started.features.threads ? 2 : 1);
  const model = await started.loadModel(source, {
    onProgress: (loaded, total) => same<typeof loaded, typeof total>(true),
    onPlan: (planned) => planned.plan(2048).totalBytes.toFixed(),
  });
  model.useCache('q8_0');
  for (const { key, bytes } of model.metadata(100)) key.padEnd(bytes.length);
  for (const { name, shape } of model.tensors()) name.padEnd(shape.length);
  for (const { split, offset, bytes } of model.needs()) model.wroteAt(split, offset, bytes);
  const prompt = started.prompt(model, { messages });
  const session = model.session({ context: 512, batch: 32 });
  session.feed(prompt.tokens(model), LOGITS_ALL);
  while (session.step()) if (session.waiting) break;
  const text: string = model.streamDecoder().push(session.sample());
  const logits: Float32Array | null = session.logits(0);
  session.sampling({ temperature: 0 });
  for (const piece of session.fork().save(1000)) await session.restore([piece]);
  session.embed([1, 2], { pooling, normalize: POOLINGS[pooling] > 0 });
  // @ts-expect-error engines are made by Engine.start
  new Engine();
  // @ts-expect-error there is no such cache type
  model.useCache('q4_0');
  // @ts-expect-error sources have a size
  await started.openDirectory({ read: () => 0 });
  for (const each of [prompt, session, model]) each.free();
  await started.stop();
  const error: Error = new EngineError(text, -1, null);
  return { error, logits };
}

export async function whole() {
  for (const source of sources) {
    const model = await loadModel(source, every);
    const {
      build,
      reason,
      advice,
      plan: { totalBytes },
      from,
    }: ModelInfo = await model.loaded;
    from satisfies 'network' | 'store' | 'file' | 'memory';
    [build, reason, advice].join(String(totalBytes));
    await embeds(model);
    await chats(model, every.signal);
    await below(model);
    await model.free();
  }
  const models: StoredModelInfo[] = await listModels();
  for (const { key, complete, used, sha256 } of models) {
    if (!complete || !sha256 || (used?.getTime() ?? 0) < Date.now()) await deleteModel(key);
  }
  const sessions: KeptSession[] = await listSessions();
  for (const { name, tokens, bytes, date, model } of sessions)
    if (date.getTime() + tokens + bytes < Date.now()) await deleteSession(name + model);
  const { usage, quota, persisted } = await storageInfo();
  if (!persisted && usage < quota) same<Awaited<ReturnType<typeof persist>>, boolean>(true);
  // @ts-expect-error a number is not a model
  await loadModel(7);
  // @ts-expect-error a repository alone is not a file
  await loadModel({ repo: 'who/what' });
  // @ts-expect-error builds have names
  await loadModel('a.gguf', { build: 'fast' });
  // @ts-expect-error there is no such option
  await loadModel('a.gguf', { context_size: 10 });
  // @ts-expect-error keys are texts
  await deleteModel(models[0]);
}

export function explain(error: QuernError | RequestError | SessionError | SourceError): string {
  switch (error.name) {
    case 'QuernError':
      return `${error.message} (${error.code}) at ${error.offset ?? 0}`;
    case 'RequestError':
      return `${error.message}: ${error.param ?? ''}`;
    case 'SessionError':
      return `${error.message}: ${error.code satisfies 'no_storage' | 'no_room' | 'not_found' | 'damaged' | 'refused'}`;
    case 'SourceError':
      return `${error.message}: ${error.status}`;
  }
}

export function narrow(error: unknown): string | number | null {
  if (isQuernError(error)) return error.offset ?? error.code;
  if (isRequestError(error)) return error.param;
  if (isSessionError(error)) return error.code;
  if (isSourceError(error)) return error.status;
  // @ts-expect-error other errors stay unknown
  return error.message;
}
