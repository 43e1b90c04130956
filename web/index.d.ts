/* Types of index.js; README.md is the manual. tests/web/test_types.py holds them to what the package does. */

/** An address of a file: relative ones are those of the page. In Node a path too. */
export type Address = string | URL;

/**
 * Where a model comes from. Several addresses or files are the parts of a split model in order; of one whose name ends in
 * -00001-of-0000N.gguf the others are found.
 */
export type ModelSource =
  | Address
  | Address[]
  | Blob
  | Blob[]
  | ArrayBuffer
  | ArrayBufferView
  | ReadableStream<Uint8Array>
  | { url: string }
  | { urls: string[] }
  /** A file of a repository of Hugging Face, or of a server that answers as it does. */
  | { repo: string; file: string; revision?: string; endpoint?: string }
  | { files: Blob[] }
  | { buffer: ArrayBuffer | Uint8Array };

/** Bytes of all parts; total is 0 while it is not known. */
export interface Progress {
  loaded: number;
  total: number;
}

export interface LoadOptions {
  /** Tokens that a session holds; the model's own number, but at most 4096, if not said. */
  contextSize?: number;
  /** At most so many threads; what is best is tried out if not said. */
  threads?: number;
  /** 'plain' leaves relaxed SIMD alone; 'relaxed' rejects where there is none. */
  build?: 'plain' | 'relaxed';
  /**
   * Resolve as soon as the file's header has come, for the prompt to be computed layer by layer while the rest of the file comes: all
   * that a model has can be used, and what needs more of the file waits for it. See {@link Model.loaded}.
   */
  early?: boolean;
  /**
   * 'stop', if not said: a chat longer than the context is an error, and an answer that meets its end has the finish_reason 'length'.
   * 'shift': the chat loses its oldest messages but the system's, and the answer goes on to its max_tokens without the older half of
   * what followed those.
   */
  overflow?: 'stop' | 'shift';
  /** Keep the model in the browser's storage and take it from there; true if not said. */
  cache?: boolean;
  /** Ask the server whether a stored model is still its version. */
  revalidate?: boolean;
  /** Of the file, or of each. */
  sha256?: string | string[];
  /** For each request, such as an Authorization. */
  headers?: Record<string, string>;
  /** Ends the loading, not the model. */
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
  /** What a visitor may want to know though nothing fails. */
  onNote?: (text: string) => void;
  /** The folder of the modules, if it is not wasm/ beside the scripts. */
  wasm?: Address;
  /** The script of the worker, if it is not worker.js beside the scripts. */
  worker?: Address;
}

/**
 * Loads a model into a worker of its own (in Node: into the caller's thread). Rejects with the signal's reason, a
 * {@link QuernError} or a {@link SourceError}.
 */
export function loadModel(source: ModelSource, options?: LoadOptions): Promise<Model>;

/** Bytes that a context takes beside the file, as planned before anything was allocated. */
export interface Plan {
  fileBytes: number;
  tensorBytes: number;
  metadataBytes: number;
  kvPageBytes: number;
  kvPageTokens: number;
  kvBytes: number;
  scratchBytes: number;
  totalBytes: number;
  context: number;
  batch: number;
}

export interface ModelInfo {
  name: string;
  contextSize: number;
  threads: number;
  from: 'network' | 'store' | 'file' | 'memory';
  /** The module in use, such as 'relaxed-mt', why it was taken, and what would make it faster, or ''. */
  build: string;
  reason: string;
  advice: string;
  vocabSize: number;
  /** Whether it gives embeddings and writes no text. */
  encoder: boolean;
  /** Numbers of an embedding. */
  embeddingSize: number;
  plan: Plan;
  /** Of the module's memory, after the last answer. */
  memoryBytes: number;
  /** What loading took; 0 while it goes on. */
  loadMs: number;
}

export interface Model {
  readonly info: ModelInfo;
  /** Resolves, to info, when all of the file is there: with the option `early`, later than the model. Rejects when it does not come; so does then whatever was asked. */
  readonly loaded: Promise<ModelInfo>;
  readonly chat: {
    readonly completions: {
      create(
        request: ChatRequest & { stream: true },
        options?: CallOptions,
      ): Promise<AsyncGenerator<ChatCompletionChunk, void, undefined>>;
      create(request: ChatRequest & { stream?: false | null }, options?: CallOptions): Promise<ChatCompletion>;
      create(
        request: ChatRequest,
        options?: CallOptions,
      ): Promise<ChatCompletion | AsyncGenerator<ChatCompletionChunk, void, undefined>>;
    };
    /** Keeps what chats have computed in the browser's storage, in place of what has that name. Rejects with a {@link SessionError}. */
    keep(name: string): Promise<void>;
    /** Takes up what was kept, so that the next turn of that chat computes only what is new; resolves to the number of tokens. */
    resume(name: string): Promise<number>;
  };
  readonly completions: {
    create(
      request: CompletionRequest & { stream: true },
      options?: CallOptions,
    ): Promise<AsyncGenerator<Completion, void, undefined>>;
    create(request: CompletionRequest & { stream?: false | null }, options?: CallOptions): Promise<Completion>;
    create(
      request: CompletionRequest,
      options?: CallOptions,
    ): Promise<Completion | AsyncGenerator<Completion, void, undefined>>;
  };
  readonly embeddings: {
    create(request: EmbeddingRequest, options?: CallOptions): Promise<EmbeddingList>;
  };
  /** The vector of a text or of token ids, or those of a list of them, by the pooling that the model's file names or that is given here. */
  embed(input: EmbeddingInput, options?: EmbedOptions): Promise<Float32Array>;
  embed(input: EmbeddingInput[], options?: EmbedOptions): Promise<Float32Array[]>;
  /** A vector for each token. */
  embed(input: EmbeddingInput, options: TokenEmbedOptions): Promise<Float32Array[]>;
  embed(input: EmbeddingInput[], options: TokenEmbedOptions): Promise<Float32Array[][]>;
  /** text: a string, or UTF-8 that need not be valid. Both options are true if not said. */
  tokenize(text: string | Uint8Array, options?: { addSpecial?: boolean; parseSpecial?: boolean }): Promise<number[]>;
  detokenize(ids: TokenIds, options?: { showSpecial?: boolean }): Promise<string>;
  /** What the model's template makes of messages; more: further variables of the template. */
  template(messages: ChatMessage[], more?: Record<string, unknown>): Promise<{ text: string; tokens: number[] }>;
  /** Whether an answer ends with this token. */
  isEnd(id: number): Promise<boolean>;
  session(options?: SessionOptions): Promise<Session>;
  /** Ends the worker; whatever still runs rejects. */
  free(): Promise<void>;
}

export type TokenIds = readonly number[] | Int32Array;

/** A text or token ids. */
export type EmbeddingInput = string | number[];

export interface EmbedOptions extends CallOptions {
  /** The model's own if not said; decoders have none. */
  pooling?: 'mean' | 'cls' | 'last';
  /** To the length 1; true if not said. */
  normalize?: boolean;
}

export interface TokenEmbedOptions extends CallOptions {
  pooling: 'none';
  normalize?: boolean;
}

export interface EmbeddingRequest {
  input: EmbeddingInput | EmbeddingInput[];
  pooling?: 'mean' | 'cls' | 'last';
  /** Only the first so many numbers, scaled to the length 1 again. */
  dimensions?: number | null;
  encoding_format?: 'float' | 'base64';
}

export interface EmbeddingList {
  object: 'list';
  /** base64: float32, the lowest byte first. */
  data: { object: 'embedding'; index: number; embedding: number[] | string }[];
  model: string;
  usage: { prompt_tokens: number; total_tokens: number };
}

export interface CallOptions {
  /** Takes effect between two bounded steps; what was computed is kept. */
  signal?: AbortSignal;
}

export interface SessionOptions {
  /** The model's if not said. */
  contextSize?: number;
  /** Tokens that are computed at once at most. */
  batch?: number;
}

/** What is left out has its default. temperature 0: the likeliest token. */
export interface Sampling {
  temperature?: number;
  topP?: number;
  topK?: number;
  minP?: number;
  repeatPenalty?: number;
  frequencyPenalty?: number;
  presencePenalty?: number;
  /** How far back the penalties look; -1: the whole context. */
  penaltyLastN?: number;
  seed?: number | bigint;
  logitBias?: Record<number, number>;
}

export interface Session {
  /** Computes tokens; resolves to the position after them. */
  prefill(ids: TokenIds, options?: CallOptions): Promise<number>;
  step(id: number): Promise<number>;
  sampling(settings?: Sampling): Promise<void>;
  sample(): Promise<number>;
  /** Of the last token; null when none was computed. */
  logits(): Promise<Float32Array | null>;
  position(): Promise<number>;
  rewind(position: number): Promise<void>;
  /** Another session with the same tokens, cache, logits and sampler. */
  fork(): Promise<Session>;
  save(): Promise<ArrayBuffer>;
  restore(bytes: ArrayBuffer | Uint8Array): Promise<void>;
  /** Keeps it in the browser's storage, in place of what has that name. Rejects with a {@link SessionError}. */
  keep(name: string): Promise<void>;
  /** Becomes what was kept; resolves to the position. */
  resume(name: string): Promise<number>;
  free(): Promise<void>;
}

export interface TextPart {
  type: 'text';
  text: string;
}

/** Whatever else a message has is given to the template. */
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant' | 'tool' | (string & {});
  content?: string | TextPart[] | null;
  [more: string]: unknown;
}

export interface RequestOptions {
  max_tokens?: number | null;
  max_completion_tokens?: number | null;
  temperature?: number | null;
  top_p?: number | null;
  top_k?: number | null;
  min_p?: number | null;
  repeat_penalty?: number | null;
  frequency_penalty?: number | null;
  presence_penalty?: number | null;
  logit_bias?: Record<number, number> | null;
  seed?: number | null;
  /** Up to four. */
  stop?: string | string[] | null;
  n?: number | null;
  stream?: boolean | null;
  stream_options?: { include_usage?: boolean } | null;
}

export interface ChatRequest extends RequestOptions {
  messages: ChatMessage[];
  /** For the template. */
  tools?: unknown[];
  logprobs?: boolean | null;
  top_logprobs?: number | null;
}

export interface CompletionRequest extends RequestOptions {
  /** A text or token ids. */
  prompt: string | number[] | (string | number[])[];
  /** So many likely tokens beside each. */
  logprobs?: number | null;
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  /** Those that were computed before. */
  prompt_tokens_details: { cached_tokens: number };
}

export interface TokenLogprob {
  id: number;
  token: string;
  bytes: number[];
  logprob: number;
}

export interface ChatLogprobs {
  content: (TokenLogprob & { top_logprobs: TokenLogprob[] })[];
}

export interface TextLogprobs {
  tokens: string[];
  token_logprobs: number[];
  top_logprobs: Record<string, number>[];
}

export type FinishReason = 'stop' | 'length';

export interface ChatCompletion {
  id: string;
  object: 'chat.completion';
  created: number;
  model: string;
  choices: {
    index: number;
    message: { role: 'assistant'; content: string };
    logprobs: ChatLogprobs | null;
    finish_reason: FinishReason;
  }[];
  usage: Usage;
}

export interface ChatCompletionChunk {
  id: string;
  object: 'chat.completion.chunk';
  created: number;
  model: string;
  choices: {
    index: number;
    delta: { role?: 'assistant'; content?: string };
    logprobs: ChatLogprobs | null;
    finish_reason: FinishReason | null;
  }[];
  /** In the last one, when stream_options asked for it; its choices are empty. */
  usage?: Usage;
}

/** A whole answer, or a piece of one that streams. */
export interface Completion {
  id: string;
  object: 'text_completion';
  created: number;
  model: string;
  choices: {
    index: number;
    text: string;
    logprobs: TextLogprobs | null;
    finish_reason: FinishReason | null;
  }[];
  usage?: Usage;
}

/** What the engine says of a file, a session or a template. Told by its name: errors come out of a worker as plain ones. */
export interface QuernError extends Error {
  name: 'QuernError';
  /** The qn_status of include/quern.h. */
  code: number;
  /** In the file or template. */
  offset: number | null;
}

/** What is wrong with a request, and with which of its fields. */
export interface RequestError extends Error {
  name: 'RequestError';
  param: string | null;
  /** OpenAI's, such as 'context_length_exceeded'. */
  code: string | null;
}

/** What is wrong with the network, the server or the file there. */
export interface SourceError extends Error {
  name: 'SourceError';
  /** Of HTTP; 0 when there was no answer. */
  status: number;
}

/** Why a session is not kept or resumed. */
export interface SessionError extends Error {
  name: 'SessionError';
  code: 'no_storage' | 'no_room' | 'not_found' | 'damaged' | 'refused';
}

export interface KeptSession {
  name: string;
  /** Of the model that computed it; another one refuses it. */
  model: string;
  tokens: number;
  bytes: number;
  date: Date;
}

/** The sessions that this browser keeps, the newest first. */
export function listSessions(): Promise<KeptSession[]>;

/** There need not be one of that name. */
export function deleteSession(name: string): Promise<void>;

export interface StoredModelInfo {
  /** What deleteModel takes. */
  key: string;
  /** The (first) file's name, and where it came from. */
  name: string;
  url: string;
  /** Of all files, as far as they are known, and how many of them are stored. */
  size: number;
  bytes: number;
  /** Whether it can be loaded without the network. */
  complete: boolean;
  /** The (first) file's ETag or date; '' for none. */
  etag: string;
  /** The (first) file's, when it was verified. */
  sha256: string | null;
  used: Date | null;
}

/** The models that this browser stores, whole or in part; the one that was used last comes first. */
export function listModels(): Promise<StoredModelInfo[]>;

/** Rejects when a tab is using it. */
export function deleteModel(key: string): Promise<void>;

/** Bytes that this origin takes and may take, and whether the browser promised not to evict them. */
export function storageInfo(): Promise<{ usage: number; quota: number; persisted: boolean }>;

/** Asks the browser not to evict what is stored. Only a page can ask. */
export function persist(): Promise<boolean>;
