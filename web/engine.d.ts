/**
 * quern/engine: the C API of the engine as classes, for any JavaScript host.
 *
 * `loadModel` of 'quern' is the usual way to run a model. Use this entry to run the engine in a thread of your own,
 * with your own way to read files. Calls are synchronous and compute in the calling thread.
 *
 * ```js
 * const engine = await Engine.start(wasm);
 * const read = (bytes, offset) => readSync(file, bytes, 0, bytes.length, offset);
 * const model = await engine.loadModel({ size: fstatSync(file).size, read });
 * const session = model.session({ context: 2048 });
 * session.feed(model.tokenize('One, two,'));
 * while (session.step());
 * console.log(model.detokenize([session.sample()]));
 * ```
 *
 * Handles (models, sessions, prompts) are not garbage collected: call free(). A call that fails throws a
 * {@link QuernError}.
 */
import type { Plan, Sampling, TokenIds } from './index.js';

export type { Plan, Sampling, TokenIds };

/**
 * The functions of include/quern.h. In 64-bit modules, too, addresses and sizes are passed and returned as numbers.
 * Parameters of the C type uint64_t are BigInts in 32-bit modules and may be BigInts in 64-bit ones.
 */
export type ModuleExports = {
  readonly [name: `qn_${string}`]: (...values: (number | bigint)[]) => number;
};

/** Starts a thread of the engine. By default, threads are Workers of the calling thread. */
export type SpawnThread = (message: ThreadMessage) => ThreadWorker | Promise<ThreadWorker>;

/** What a thread needs: it makes an instance of the module on the memory and enters the engine with it. */
export interface ThreadMessage {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  /** Counted from 1. */
  worker: number;
  /** The address of the thread's stack; a bigint in 64-bit modules. */
  stack: number | bigint;
}

/** A started thread. onmessage is called when the thread enters the engine, onerror if it cannot. */
export interface ThreadWorker {
  terminate(): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: a MessageEvent or ErrorEvent of a Worker, or the like
  onmessage?: ((event: any) => void) | null;
  // biome-ignore lint/suspicious/noExplicitAny: a MessageEvent or ErrorEvent of a Worker, or the like
  onerror?: ((event: any) => void) | null;
}

export interface StartOptions {
  /** Threads to start, including the calling one; 1 by default. More than 1 needs a threaded module (-mt). */
  threads?: number;
  spawn?: SpawnThread;
}

/** Where a model's bytes are read from. */
export interface SplitSource {
  /** Bytes of the (first) file; 0 if unknown. */
  readonly size: number;
  /**
   * Writes bytes of a file into `bytes`, which lies in linear memory, and returns how many it wrote: at most
   * bytes.length, 0 at the end of the file.
   * @param offset of the first byte in the file
   * @param split which file of a split model, counted from 0; 0 for a model in one file
   */
  read(bytes: Uint8Array, offset: number, split: number): number | Promise<number>;
}

export interface LoadingOptions {
  /**
   * Called, and awaited, after each read.
   * @param loaded offset of the next byte in the file
   * @param total the source's size in bytes; 0 if unknown
   */
  onProgress?: (loaded: number, total: number) => unknown;
  /** Called when the directory has been read and no memory has been taken for the tensors yet. */
  onPlan?: (model: Model) => void;
}

/** Where a tensor's bytes belong. */
export interface Need {
  /** In the file, in bytes. */
  offset: number;
  bytes: number;
  /** In linear memory. */
  address: number;
  /** Which file of a split model, counted from 0. */
  split: number;
}

export interface MetadataEntry {
  key: string;
  /** GGUF's value type. */
  type: number;
  /** GGUF's type of an array's elements; 0 if it is no array. */
  elementType: number;
  /** Elements of an array, bytes of a string; 1 for other values. */
  count: number;
  /** The value as the file stores it. */
  bytes: Uint8Array;
}

export interface TensorInfo {
  name: string;
  /** Elements of each dimension, the contiguous one first. */
  shape: number[];
  /** In the file, in bytes. */
  offset: number;
  bytes: number;
  /** GGUF's tensor type. */
  type: number;
}

/** 'model': the one that the model's file names. */
export type Pooling = 'model' | 'none' | 'mean' | 'cls' | 'last';

/** Values of qn_pooling in include/quern.h. */
export const POOLINGS: Record<Pooling, number>;

/** The type of keys and values in the KV cache. q8_0 takes about half the memory of f16. */
export type CacheType = 'f16' | 'q8_0';
/** The order in which a step of one token, or a few, reads the weights; see qn_order in include/quern.h. */
export type WeightOrder = 'distant' | 'distant-prefetch';

/** For {@link Session.feed}: computes no logits. */
export const LOGITS_NONE: 0;
/** For {@link Session.feed}: computes the logits of the last token. */
export const LOGITS_LAST: 1;
/** For {@link Session.feed}: computes the logits of every token. */
export const LOGITS_ALL: 2;

/** Why a call failed. */
export class QuernError extends Error {
  name: 'QuernError';
  /** A negative qn_status of include/quern.h, such as -4 when memory is refused. */
  code: number;
  /** The byte in the file or template that caused it; null if there is none. */
  offset: number | null;
  constructor(message: string, code: number, offset: number | null);
}

/** An instance of a module. */
export class Engine {
  /**
   * Compiles and instantiates a module.
   * @param wasm the bytes of quern.wasm; see `quern/wasm/*`
   */
  static start(wasm: Uint8Array<ArrayBuffer>, options?: StartOptions): Promise<Engine>;
  /** Use {@link Engine.start}. */
  private constructor();
  readonly exports: ModuleExports;
  /** The module's memory. Views of its buffer become invalid when it grows, which most calls can cause. */
  readonly memory: WebAssembly.Memory;
  /** What the module was built with. memory64: 64-bit addresses. */
  readonly features: { simd128: boolean; relaxed: boolean; threads: boolean; memory64: boolean };
  /**
   * Sets how many of the started threads compute; the others sleep. Results do not depend on it.
   * @param threads from 1 to the number that was started
   */
  useThreads(threads: number): void;
  /** Loads a whole model: its directory, then its tensors. */
  loadModel(source: SplitSource, options?: LoadingOptions): Promise<Model>;
  /** Reads the directory only: enough for metadata, tokens, templates and plans. */
  openDirectory(source: SplitSource, options?: Pick<LoadingOptions, 'onProgress'>): Promise<Model>;
  /**
   * Renders a chat template.
   * @param model whose template and special tokens are used; may be null if `template` is given
   * @param context the template's variables: an object, or its JSON
   * @param template the model's own by default
   */
  prompt(model: Model | null, context: object | string, template?: string | Uint8Array): Prompt;
  /** How a model writes reasoning and tool calls: found by rendering the model's template, or the given one. */
  format(model: Model | null, template?: string | Uint8Array): Format;
  /**
   * Compiles a grammar. Throws a QuernError for what cannot be enforced.
   * @param model whose sessions may follow it; null for a grammar that only checks texts
   */
  grammar(model: Model | null, notation: Notation, text: string, options?: GrammarOptions): Grammar;
  /** Ends the threads. Free all sessions first. */
  stop(): Promise<void>;
}

/** The notation of a grammar: JSON Schema 2020-12, llama.cpp's GBNF, or a regular expression (ECMA-262). */
export type Notation = 'schema' | 'gbnf' | 'regex';

export interface GrammarOptions {
  /** JSON Schema: allow white space between JSON tokens. False by default: the JSON is compact. */
  whiteSpace?: boolean;
  /** JSON Schema: the keyword `format` only describes. False by default. */
  ignoreFormat?: boolean;
}

/** Which texts a session may write. Sessions that follow it keep what they need of it when it is freed. */
export class Grammar {
  private constructor();
  readonly engine: Engine;
  /** The qn_grammar pointer. */
  readonly address: number;
  /** Whether it accepts no text at all. */
  readonly isEmpty: boolean;
  /** Whether it accepts this text, as a whole. */
  accepts(text: string | Uint8Array): boolean;
  free(): void;
}

/** A rendered chat template. */
export class Prompt {
  private constructor();
  /** UTF-8. */
  readonly bytes: Uint8Array;
  readonly text: string;
  /** Token ids. Text of messages never becomes a special token. */
  tokens(model: Model): number[];
  free(): void;
}

/** The description of qn_format_text in include/quern.h. */
export interface FormatDescription {
  calls: 'object' | 'named' | 'json' | 'tagged' | 'literal' | null;
  tools: boolean;
  parallel: boolean;
  reasoning_open: string;
  reasoning_close: string;
  open: string;
  close: string;
  [more: string]: string | boolean | null;
}

/** How a model writes reasoning and tool calls. */
export class Format {
  private constructor();
  readonly description: FormatDescription;
  /**
   * Starts to read an output. prompt: the text that precedes it, or its end. tools: as in OpenAI's API; calls of others
   * stay text.
   */
  output(options?: { prompt?: string; tools?: object[] }): Output;
  free(): void;
}

/** An event of an output: see qn_event_kind in include/quern.h. */
export interface OutputEvent {
  kind: 'text' | 'reasoning' | 'call' | 'arguments' | 'callEnd' | 'callInvalid';
  text: string;
  /** The text looked like a call, but is none. */
  noCall: boolean;
  /** The output ended within the arguments. */
  incomplete: boolean;
  /** Counts the calls from 0. */
  call: number;
}

/** A model's output, which is read piece by piece. */
export class Output {
  private constructor();
  /** control: the text is the name of a control token. */
  push(text: string | Uint8Array, control?: boolean): OutputEvent[];
  end(): OutputEvent[];
  free(): void;
}

/** A model. Several sessions can share it. */
export class Model {
  private constructor();
  readonly engine: Engine;
  /** The qn_model pointer. */
  readonly address: number;
  readonly vocabSize: number;
  /** Bytes of the longest token as the file writes it, which is at least as long as its text; 0 without a vocabulary. */
  readonly longestToken: number;
  /** Tokens of context that the model was trained for. */
  readonly contextSize: number;
  /** Numbers of an embedding. */
  readonly embeddingSize: number;
  /** The pooling that the file names; 'model' if it names none, undefined if it names an unknown one. */
  readonly pooling: Pooling | undefined;
  /** Whether the model only computes embeddings. */
  readonly isEncoder: boolean;
  /** Whether the model has recurrent layers, such as Mamba or LFM2; see {@link Session.rewind}. */
  readonly isRecurrent: boolean;
  /**
   * The sampler's settings that the file recommends, which Session.sampling() uses unless others are given.
   * unsupported: the file also recommends Mirostat, XTC or an order of samplers. error: why the file's settings are
   * ignored, such as a value that is out of range.
   */
  readonly recommended: { settings: Sampling; unsupported: boolean; error: string | null };
  /** Whether the file has a vocabulary; without one, the model takes only token ids. */
  readonly hasVocabulary: boolean;
  /**
   * Exact memory use, known before any is taken.
   * @param context in tokens; 0, the default: as trained
   * @param batch tokens of a micro-batch; 0, the default: the engine's choice
   */
  plan(context?: number, batch?: number): Plan;
  /** Takes the memory for the tensors. Sessions can be made afterwards. */
  place(): void;
  /** Reads what the engine asks for next, until it has all of the directory or, after place(), all tensors. */
  read(source: SplitSource, onProgress?: LoadingOptions['onProgress']): Promise<void>;
  /**
   * After place(): where each tensor belongs, in the order in which a forward pass needs them. Bytes between two
   * tensors of a file may be written too, at the corresponding address.
   */
  needs(): Generator<Need, void, undefined>;
  /**
   * Reports bytes that were written where needs() says.
   * @param split which file of a split model, counted from 0
   * @param offset in the file
   * @param bytes how many; 0: the file ends at the offset
   */
  wroteAt(split: number, offset: number, bytes: number): void;
  /**
   * Normalizes all later texts and prompts to Unicode's NFC before they become tokens. False at first; see qn_model_nfc in
   * include/quern.h.
   */
  useNfc(on: boolean): void;
  /** Sets the order in which the weights are read, from the next step on; 'distant' by default. Results stay the same. */
  useOrder(order: WeightOrder): void;
  /** Sets the KV cache's type for later plans and sessions; 'f16' by default. */
  useCache(type: CacheType): void;
  /**
   * The file's metadata in file order.
   * @param maxBytes of a value that are copied; all by default
   */
  metadata(maxBytes?: number): Generator<MetadataEntry, void, undefined>;
  /** The file's tensors in file order. */
  tensors(): Generator<TensorInfo, void, undefined>;
  /**
   * Token ids of a text.
   * @param text a string, or UTF-8 bytes that may be invalid
   * @param options addSpecial: add begin- and end-of-text tokens if the model wants them; parseSpecial: text such as
   *   <|im_start|> becomes the control token of that name; both are true by default. nfc: normalize the text to NFC
   *   first; false by default, see useNfc.
   */
  tokenize(
    text: string | Uint8Array,
    options?: { addSpecial?: boolean; parseSpecial?: boolean; nfc?: boolean },
  ): number[];
  /**
   * Token ids of a text that a prompt starts with, as with `tokenize`. If the text itself names the begin-of-text token,
   * as prompts copied from a chat template do, the token is not added a second time.
   */
  promptTokens(text: string | Uint8Array): number[];
  /**
   * The bytes of tokens, which may be invalid UTF-8.
   * @param options showSpecial: include the names of control tokens. continues: the tokens continue a text, so their
   *   leading space is kept; without it, the space that some tokenizers add to every text is left out. Both are false
   *   by default.
   */
  detokenize(ids: TokenIds, options?: { showSpecial?: boolean; continues?: boolean }): Uint8Array;
  /** Whether a token ends an answer. */
  isEnd(id: number): boolean;
  /**
   * Decodes tokens one by one into whole characters.
   * @param options continues: the tokens continue a text, such as a prompt; see detokenize. showSpecial: show control
   *   tokens by name
   */
  streamDecoder(options?: { continues?: boolean; showSpecial?: boolean }): StreamDecoder;
  /**
   * @param options context: tokens that the session can hold; 0, the default: as trained. batch: tokens of a
   *   micro-batch; 0, the default: the engine's choice.
   */
  session(options?: { context?: number; batch?: number }): Session;
  /** Free the model's sessions first. */
  free(): void;
}

/** Decodes tokens as they come, holding back bytes of incomplete characters. */
export class StreamDecoder {
  private constructor();
  /** Adds a token and returns the text that is complete with it. */
  push(id: number): string;
  /** The text of bytes that were held back. */
  flush(): string;
}

/** A sequence of tokens with its KV cache and position. */
export class Session {
  private constructor();
  readonly model: Model;
  readonly engine: Engine;
  /** Tokens computed. */
  readonly position: number;
  /** Rows of logits or embeddings that the last step computed. */
  readonly rows: number;
  /** Layers that have been computed of the current micro-batch. */
  readonly layers: number;
  /** After step(): true if the next step needs tensors that have not arrived. */
  readonly waiting: boolean;
  /**
   * Queues tokens.
   * @param logits LOGITS_NONE, LOGITS_LAST (the default) or LOGITS_ALL
   */
  feed(ids: TokenIds, logits?: number): void;
  /** Does one bounded piece of work: a layer of a micro-batch, or one token. Returns whether more is queued. */
  step(): boolean;
  /**
   * Replaces the session's tokens by one input and queues its embedding: call step() until it returns false. Pooling
   * 'none' gives a row for each token, with the step that computes it; any other gives one row with the last step.
   * @param options pooling: 'model' by default; normalize: scale rows to length 1, true by default
   */
  embed(ids: TokenIds, options?: { pooling?: Pooling; normalize?: boolean }): void;
  /** A copy of a row of embeddings, the last by default; null if there is none. */
  embedding(row?: number): Float32Array | null;
  /** A copy of a row of logits, the last by default; null if there is none. */
  logits(row?: number): Float32Array | null;
  /** Sets how sample() chooses. Omitted settings take the file's values (Model.recommended) or else their defaults. */
  sampling(settings?: Sampling): void;
  /**
   * Makes the tokens that follow those fed so far write a text of the grammar; null ends that. See qn_session_constrain
   * in include/quern.h.
   * @param ids tokens with which the text has begun already; none by default
   */
  constrain(grammar: Grammar | null, ids?: TokenIds): void;
  /** Whether the session follows a grammar, whether the text may end here, and whether nothing else can follow. */
  readonly constraint: { constrained: boolean; complete: boolean; finished: boolean };
  /**
   * The next tokens if the grammar leaves no choice about them, else none. sample() returns them as well, one after
   * another. Feeding them together is faster and gives the same results.
   */
  forced(): number[];
  /** A bit for each token that the grammar allows next: id i is bit i % 32 of word i / 32. Null without a grammar. */
  mask(): Uint32Array | null;
  /** Chooses the next token from the last row of logits. */
  sample(): number;
  /**
   * How many of the tokens of `position` the next steps compute again, after a rewind of a recurrent model. 0 for other
   * models.
   */
  readonly toRecompute: number;
  /**
   * Drops the tokens from `position` on, and all queued ones. A recurrent model goes back to the latest earlier state
   * that it has a copy of, and computes the tokens after it again; see qn_session_rewind in include/quern.h.
   */
  rewind(position: number): void;
  /** A session with the same tokens, cache, logits and sampler. */
  fork(): Session;
  /** Bytes of the saved session. */
  readonly savedBytes: number;
  /**
   * The saved session in pieces. Do not use the session in between.
   * @param pieceBytes 1 MiB by default
   */
  save(pieceBytes?: number): Generator<Uint8Array, void, undefined>;
  /** Reads a saved session of the same model, in pieces of any size; the first has at least 256 bytes. */
  restore(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void>;
  free(): void;
}
