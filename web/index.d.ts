/**
 * quern: runs GGUF language models in a web page or in Node. README.md has examples.
 *
 * ```js
 * const model = await loadModel('https://example.org/model.gguf');
 * const { choices } = await model.chat.completions.create({ messages: [{ role: 'user', content: 'Hello' }] });
 * console.log(choices[0].message.content);
 * await model.free();
 * ```
 */

/** The address of a file, relative to the page. In Node, also a path. */
export type Address = string | URL;

/**
 * Where a model comes from. Several addresses or files are the splits of a model in order. If an address ends in
 * -00001-of-0000N.gguf, the other splits are found. A Response or a stream is read to its end; nothing of it is stored.
 * Anything else is rejected with a TypeError.
 */
export type ModelSource =
  | Address
  | Address[]
  | SourceFile
  | SourceFile[]
  | FileList
  | Response
  | ReadableStream<Uint8Array>
  | { url: Address }
  | { urls: Address[] }
  /** A file of a Hugging Face repository. revision: main by default; endpoint: https://huggingface.co by default. */
  | { repo: string; file: string; revision?: string; endpoint?: Address }
  | { files: SourceFile[] }
  /** size: in bytes, if it is known. */
  | { stream: ReadableStream<Uint8Array>; size?: number }
  | { buffer: ArrayBufferLike | ArrayBufferView };

/** A whole file. A view gives the bytes that it covers, whatever their type. */
export type SourceFile = Blob | FileSystemFileHandle | ArrayBufferLike | ArrayBufferView;

/** Bytes of all splits. */
export interface Progress {
  loaded: number;
  /** 0 while unknown. */
  total: number;
}

export interface LoadOptions {
  /** Tokens that a chat or session can hold. By default as many as the model was trained for, but at most 4096. */
  contextSize?: number;
  /**
   * Threads to use. By default one for each processor, but at most 8; a short trial after loading may reduce them. One
   * if the page is not cross-origin isolated.
   */
  threads?: number;
  /**
   * The order in which weights are read for one token: in turns from four distant rows of a matrix, or also loading each
   * row ahead. By default the faster one in a short trial after loading. It changes the speed only.
   */
  weightOrder?: 'distant' | 'distant-prefetch';
  /**
   * 'plain': no relaxed SIMD. 'relaxed': loading fails without relaxed SIMD. By default the fastest that the host
   * supports.
   */
  build?: 'plain' | 'relaxed';
  /**
   * Resolve as soon as the file's header has arrived; false by default. The model can then be used while its file is
   * being downloaded: calls compute layer by layer and wait for tensors that are missing. See {@link Model.loaded}.
   */
  early?: boolean;
  /**
   * What happens when the context is full. 'stop', the default: a chat longer than the context is an error, and an
   * answer ends at the end of the context with the finish_reason 'length'. 'shift': the oldest turns (a question with all
   * that answers it) are dropped from the chat, but no message of the role system or developer; an answer goes on to
   * its max_tokens, and the older half of the tokens after the first system messages is dropped whenever the context is
   * full.
   */
  overflow?: 'stop' | 'shift';
  /**
   * A chat template in Jinja, instead of the file's. A file without one needs it, unless its control tokens tell which
   * family's format to use; onNote says so then.
   */
  template?: string;
  /**
   * Normalize all text to Unicode's NFC before it becomes tokens, as the original tokenizers of some models do, such as
   * Qwen 2 and later. False by default, as in llama.cpp: model files do not say whether they expect it.
   */
  nfc?: boolean;
  /** Store the model in the browser and use the stored copy; true by default. In Node nothing is stored. */
  cache?: boolean;
  /**
   * Identifies the stored copy; by default its URLs do. Signed URLs, which change at each visit, need it. The copy's
   * info then has the URL without its query.
   */
  key?: string;
  /** Ask the server whether the stored copy is up to date; false by default: a stored model needs no network. */
  revalidate?: boolean;
  /** Expected hash of the file, or of each split, in hexadecimal. Loading fails if it differs. */
  sha256?: string | string[];
  /** Headers of each request for the model, such as Authorization. */
  headers?: Record<string, string> | [string, string][] | Headers;
  /** Aborts loading. It has no effect on a loaded model. */
  signal?: AbortSignal;
  /** Called at most every 50 ms while loading. */
  onProgress?: (progress: Progress) => void;
  /**
   * Called with notices that are not errors, such as why the model is not stored, why there is only one thread, or how
   * many threads a trial has chosen. The last one may come after loading.
   */
  onNote?: (text: string) => void;
  /** The folder of the modules; the package's folder wasm by default. */
  wasm?: Address;
  /** The worker's script; the package's worker.js by default. */
  worker?: Address;
}

/**
 * Loads a model into its own worker (in Node: into the calling thread). Rejects with a {@link SourceError}, a
 * {@link QuernError} or the signal's reason.
 */
export function loadModel(source: ModelSource, options?: LoadOptions): Promise<Model>;

/** Exact memory use, computed before memory is taken. Sizes are in bytes. */
export interface Plan {
  /** The whole file. */
  fileBytes: number;
  /** The weights, as they are stored in the file. */
  tensorBytes: number;
  /** The directory, the vocabulary and their indexes. */
  metadataBytes: number;
  /** A page of the KV cache, which grows page by page. */
  kvPageBytes: number;
  /** Tokens of a page. */
  kvPageTokens: number;
  /** The KV cache of a full context. */
  kvBytes: number;
  /** Working memory of a session. */
  scratchBytes: number;
  /** All of it, with a full context. */
  totalBytes: number;
  /** Tokens of the context. */
  context: number;
  /** Tokens of a micro-batch. */
  batch: number;
}

export interface ModelInfo {
  /** From the file's metadata, or the file's name. */
  name: string;
  /** Tokens. */
  contextSize: number;
  /** Threads in use; while `tuning`, those that were started. */
  threads: number;
  /** The order in which weights are read for one token, see {@link LoadOptions.weightOrder}. */
  weightOrder: 'distant' | 'distant-prefetch';
  /** Whether a short trial of the number of threads is still to come. Its result is reported to onNote. */
  tuning: boolean;
  from: 'network' | 'store' | 'file' | 'memory';
  /** The build in use, such as 'relaxed-mt'. */
  build: string;
  /** Why that build was chosen. */
  reason: string;
  /** What would make it faster; '' if nothing would. */
  advice: string;
  vocabSize: number;
  /** A text of more characters does not fit into the context. */
  textLimit: number;
  /** Whether the model only computes embeddings. */
  encoder: boolean;
  /** Numbers of an embedding. */
  embeddingSize: number;
  /**
   * The sampler's settings that the file recommends (its keys general.sampling.*), without those that it leaves open.
   * They are the defaults of requests and sessions; onNote lists them. {} for most files.
   */
  sampling: Pick<Sampling, 'temperature' | 'topP' | 'topK' | 'minP' | 'repeatPenalty' | 'penaltyLastN'>;
  plan: Plan;
  /** Memory of the module after the last answer. */
  memoryBytes: number;
  /** Milliseconds that loading took; 0 while it goes on. */
  loadMs: number;
}

export interface Model {
  readonly info: ModelInfo;
  /**
   * Resolves to `info` when the whole file has arrived; with the option `early` that is later than loadModel. Rejects
   * if loading fails; all calls reject then, too.
   */
  readonly loaded: Promise<ModelInfo>;
  readonly chat: {
    readonly completions: {
      create(
        request: ChatRequest & { stream: true },
        options?: GenerateOptions,
      ): Promise<AsyncGenerator<ChatCompletionChunk, void, undefined>>;
      create(request: ChatRequest & { stream?: false | null }, options?: GenerateOptions): Promise<ChatCompletion>;
      create(
        request: ChatRequest,
        options?: GenerateOptions,
      ): Promise<ChatCompletion | AsyncGenerator<ChatCompletionChunk, void, undefined>>;
    };
    /**
     * Answers with tools: runs the calls and passes their results back, for at most maxRounds answers (8 by default).
     * A tool's error goes to the model.
     */
    run(
      request: Omit<ChatRequest, 'tools'> & { tools: Tools; maxRounds?: number },
      options?: ToolRunOptions,
    ): AsyncGenerator<ToolEvent, void, undefined>;
    /**
     * Keeps the keys and values of the last chat in the browser's storage, in place of a kept session of the same name.
     * Rejects with a {@link SessionError}.
     */
    keep(name: string): Promise<void>;
    /**
     * Restores what keep() kept, so that the next answer of that chat computes only new tokens. Resolves to the number
     * of tokens. The messages themselves are not kept.
     */
    resume(name: string): Promise<number>;
  };
  readonly completions: {
    create(
      request: CompletionRequest & { stream: true },
      options?: GenerateOptions,
    ): Promise<AsyncGenerator<Completion, void, undefined>>;
    create(request: CompletionRequest & { stream?: false | null }, options?: GenerateOptions): Promise<Completion>;
    create(
      request: CompletionRequest,
      options?: GenerateOptions,
    ): Promise<Completion | AsyncGenerator<Completion, void, undefined>>;
  };
  readonly embeddings: {
    create(request: EmbeddingRequest, options?: CallOptions): Promise<EmbeddingList>;
  };
  /** The embedding of a text or of token ids, or an array for a list of them. */
  embed(input: EmbeddingInput, options?: EmbedOptions): Promise<Float32Array>;
  embed(input: EmbeddingInput[], options?: EmbedOptions): Promise<Float32Array[]>;
  /** An embedding for each token. */
  embed(input: EmbeddingInput, options: TokenEmbedOptions): Promise<Float32Array[]>;
  embed(input: EmbeddingInput[], options: TokenEmbedOptions): Promise<Float32Array[][]>;
  /**
   * Token ids of a text.
   * @param text a string, or UTF-8 bytes that may be invalid
   * @param options addSpecial: add begin- and end-of-text tokens if the model wants them; parseSpecial: text such as
   *   <|im_start|> becomes the control token of that name; both are true by default. nfc: normalize the text to NFC
   *   first; false by default, see {@link LoadOptions.nfc}.
   */
  tokenize(
    text: string | Uint8Array,
    options?: { addSpecial?: boolean; parseSpecial?: boolean; nfc?: boolean },
  ): Promise<number[]>;
  /**
   * The text of tokens.
   * @param options showSpecial: include the names of control tokens. continues: the tokens continue a text, so their
   *   leading space is kept; without it, the space that some tokenizers add to every text is left out. bytes: resolve
   *   to UTF-8 bytes, which may end within a character. All are false by default.
   */
  detokenize(ids: TokenIds, options: { showSpecial?: boolean; continues?: boolean; bytes: true }): Promise<Uint8Array>;
  detokenize(ids: TokenIds, options?: { showSpecial?: boolean; continues?: boolean; bytes?: false }): Promise<string>;
  /** The text of each token, with names of control tokens; its bytes if they are not whole characters. */
  pieces(ids: number[]): Promise<(string | number[])[]>;
  /**
   * The prompt that the model's chat template makes of messages.
   * @param variables further variables of the template
   */
  template(messages: ChatMessage[], variables?: Record<string, unknown>): Promise<{ text: string; tokens: number[] }>;
  /** Whether a token ends an answer. */
  isEnd(id: number): Promise<boolean>;
  /** Makes a session: one sequence of tokens with its own KV cache. */
  session(options?: SessionOptions): Promise<Session>;
  /** Frees the memory and ends the worker. Running calls reject. */
  free(): Promise<void>;
}

export type TokenIds = readonly number[] | Int32Array;

/** A text or token ids. */
export type EmbeddingInput = string | number[];

export interface EmbedOptions extends CallOptions {
  /** How token vectors become one. By default as the model's file says; most decoders need it. */
  pooling?: 'mean' | 'cls' | 'last';
  /** Scale to length 1; true by default. */
  normalize?: boolean;
}

export interface TokenEmbedOptions extends CallOptions {
  pooling: 'none';
  /** Scale to length 1; true by default. */
  normalize?: boolean;
}

/** null is the same as no value, as in all requests. */
export interface EmbeddingRequest {
  input: EmbeddingInput | EmbeddingInput[];
  /** See {@link EmbedOptions.pooling}. Not part of OpenAI's API. */
  pooling?: 'mean' | 'cls' | 'last' | null;
  /** Return only the first numbers of each embedding, scaled to length 1; all by default. */
  dimensions?: number | null;
  encoding_format?: 'float' | 'base64' | null;
}

export interface EmbeddingList {
  object: 'list';
  /** An embedding is a list of numbers, or little-endian float32 in base64. */
  data: { object: 'embedding'; index: number; embedding: number[] | string }[];
  model: string;
  usage: { prompt_tokens: number; total_tokens: number };
}

export interface CallOptions {
  /**
   * Aborts between two bounded steps. The call rejects with the signal's reason; computed tokens stay in the session.
   */
  signal?: AbortSignal;
}

export interface GenerateOptions extends CallOptions {
  /** Called when the request has been accepted, before it waits for earlier ones, and after each step of its prompt. */
  onProgress?: (progress: PromptProgress) => void;
}

/** How much of a prompt has been computed. */
export interface PromptProgress {
  /** Tokens of the prompt. */
  total: number;
  /** Those that were computed for an earlier request. */
  cache: number;
  /** Those that have been computed, with `cache`. */
  processed: number;
  time_ms: number;
}

export interface SessionOptions {
  /** Tokens that the session can hold; the model's contextSize by default. */
  contextSize?: number;
  /** Most tokens of a micro-batch; the engine's choice by default. */
  batch?: number;
}

/** How the next token is chosen. A default gives way to what the model's file recommends: {@link ModelInfo.sampling}. */
export interface Sampling {
  /** 0: always the likeliest token. 0.8 by default. */
  temperature?: number;
  /** Keep the likeliest tokens that together have this probability; 0.95 by default, 1: all. */
  topP?: number;
  /** Keep this many of the likeliest tokens; 40 by default, 0: all. */
  topK?: number;
  /** Keep tokens with at least this share of the likeliest token's probability; 0.05 by default, 0: all. */
  minP?: number;
  /** Divides positive logits of repeated tokens and multiplies negative ones; 1 by default: none. */
  repeatPenalty?: number;
  /** Subtracted from a token's logit for each time it occurred; 0 by default. */
  frequencyPenalty?: number;
  /** Subtracted from the logit of each token that occurred; 0 by default. */
  presencePenalty?: number;
  /** How many of the last tokens the penalties look at; 64 by default, -1: all. */
  penaltyLastN?: number;
  /** The same seed gives the same tokens; 0 by default. Requests without a seed get a random one. */
  seed?: number | bigint;
  /** Added to the logits of token ids. */
  logitBias?: Record<number, number>;
}

/** A sequence of tokens with its own KV cache. */
export interface Session {
  /** Computes tokens. Resolves to the position after them. */
  prefill(ids: TokenIds, options?: CallOptions): Promise<number>;
  /** Computes one token. Resolves to the position after it. */
  step(id: number): Promise<number>;
  /** Sets how sample() chooses. Omitted settings take the file's values or else their defaults. */
  sampling(settings?: Sampling): Promise<void>;
  /** Chooses the next token. It is not computed: pass it to step(). */
  sample(): Promise<number>;
  /** The logits of the last token; null if none was computed. */
  logits(): Promise<Float32Array | null>;
  /** Tokens computed. */
  position(): Promise<number>;
  /** Drops the tokens from a position on. */
  rewind(position: number): Promise<void>;
  /** Makes a session with the same tokens, cache, logits and sampler. */
  fork(): Promise<Session>;
  /** The session as bytes, for restore() with the same model. */
  save(): Promise<ArrayBuffer>;
  restore(bytes: ArrayBuffer | ArrayBufferView): Promise<void>;
  /**
   * Keeps the session in the browser's storage, in place of a kept session of the same name. Rejects with a
   * {@link SessionError}.
   */
  keep(name: string): Promise<void>;
  /** Restores a kept session. Resolves to the position. */
  resume(name: string): Promise<number>;
  free(): Promise<void>;
}

export interface TextPart {
  type: 'text';
  text: string;
}

/** A message of a chat. Further fields are passed to the chat template. */
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant' | 'tool' | (string & {});
  content?: string | TextPart[] | null;
  [more: string]: unknown;
}

/**
 * Fields that chats and completions share; null is the same as no value. Fields that could change the answer and are not
 * listed are refused with the code 'unsupported_parameter'.
 */
export interface RequestOptions {
  /** Ignored: a loaded model answers. */
  model?: string | null;
  /** Most tokens of an answer; -1, the default: as many as the context holds; 0: none. */
  max_tokens?: number | null;
  /** OpenAI's newer name of max_tokens; it takes precedence. */
  max_completion_tokens?: number | null;
  /** llama.cpp's name of max_tokens, which takes precedence. */
  n_predict?: number | null;
  /** Tokens before which the model, a stop string or stop_token_ids cannot end the answer; 0 by default. */
  min_tokens?: number | null;
  /** Never choose a token that ends the answer; false by default. */
  ignore_eos?: boolean | null;
  /** 0 to 100; see {@link Sampling} for this and the next ones. */
  temperature?: number | null;
  /** 0 to 1. */
  top_p?: number | null;
  top_k?: number | null;
  /** 0 to 1. */
  min_p?: number | null;
  /** 0.01 to 100. */
  repeat_penalty?: number | null;
  /** Another name of repeat_penalty, which takes precedence. */
  repetition_penalty?: number | null;
  /** See {@link Sampling.penaltyLastN}. */
  repeat_last_n?: number | null;
  /** -2 to 2. */
  frequency_penalty?: number | null;
  /** -2 to 2. */
  presence_penalty?: number | null;
  logit_bias?: Record<number, number> | null;
  /** Random by default. */
  seed?: number | null;
  /** Up to 16 strings at which the answer ends. They are not part of it. */
  stop?: string | string[] | null;
  /** Tokens at which the answer ends. They are not part of it. */
  stop_token_ids?: number[] | null;
  /**
   * End an answer that repeats the same words at least three times in a row, over at least 24 words, or the same tokens
   * at least four times in a row, over at least 64 tokens; false by default. Spaces, punctuation and the numbers of list
   * items may differ. The choice then has the finish_reason 'stop', the stop_reason 'loop' and loop_length.
   */
  stop_loops?: boolean | null;
  /** What the answer conforms to; see {@link ResponseFormat}. */
  response_format?: ResponseFormat | null;
  /** A grammar in llama.cpp's GBNF, to which the answer conforms. */
  grammar?: string | null;
  /** A regular expression (ECMA-262, without look-around and back-references), which matches the answer as a whole. */
  regex?: string | null;
  /** How many answers, up to 128; 1 by default. The seed of each is one higher than the last. */
  n?: number | null;
  stream?: boolean | null;
  /** include_usage: end the stream with a chunk that has the usage; false by default. */
  stream_options?: { include_usage?: boolean | null } | null;
  /** Begin the stream with chunks that have `prompt_progress`; false by default. */
  return_progress?: boolean | null;
}

/**
 * The format of an answer. json_object: any JSON object. json_schema: JSON that conforms to a JSON Schema (2020-12), with
 * the members in the order of `properties`; strict: also to the keyword `format`. A keyword that cannot be enforced is an
 * error, with its JSON pointer. whitespace: allow white space between JSON tokens; false by default.
 */
export type ResponseFormat =
  | { type: 'text' }
  | { type: 'json_object' }
  | {
      type: 'json_schema';
      json_schema: {
        name?: string;
        description?: string;
        schema?: object | boolean;
        strict?: boolean | null;
        whitespace?: boolean | null;
      };
    };

/** A tool that a model may call. parameters: the JSON Schema of its arguments. */
export interface Tool {
  description?: string;
  parameters?: object;
  /** Its result goes to the model as text, or as JSON. An error that it throws goes to the model, too. */
  // biome-ignore lint/suspicious/noExplicitAny: the schema of the parameters decides, and TypeScript does not know it
  run(args: any, options: { signal?: AbortSignal }): unknown;
}

export type Tools = Record<string, Tool>;

export type ToolRunOptions = GenerateOptions;

/**
 * What happens while tools run. 'arguments': a call is being written; `call` has its arguments so far, of which `text` is
 * new. 'call': a call is complete, and its tool runs next. A call that max_tokens has cut is not run. 'end' comes last:
 * `messages` are all of the conversation, and finish is 'rounds' if the limit on rounds ended it.
 */
export type ToolEvent =
  | { type: 'text' | 'reasoning'; text: string }
  | { type: 'arguments'; call: ToolCall; text: string }
  | { type: 'call'; call: ToolCall }
  | { type: 'result'; call: ToolCall; result?: unknown; error?: Error }
  | { type: 'end'; messages: ChatMessage[]; finish: string };

export interface ChatRequest extends RequestOptions {
  messages: ChatMessage[];
  /** Passed to the chat template. */
  tools?: unknown[] | null;
  /**
   * 'auto', the default: the model may call tools. 'none': do not pass tools. 'required', or a named tool: the answer is
   * a call, which models that write calls as JSON objects can be made to write.
   */
  tool_choice?: 'auto' | 'none' | 'required' | { type: 'function'; function: { name: string } } | null;
  /** Whether an answer may have several calls; true by default. */
  parallel_tool_calls?: boolean | null;
  /** Most tokens of reasoning; then its end is written. Needs a model whose template marks reasoning. */
  thinking_budget?: number | null;
  /** 'auto' or 'deepseek': reasoning goes to reasoning_content; 'none', the default without tools: it stays text. */
  reasoning_format?: 'none' | 'auto' | 'deepseek' | null;
  /** Passed to the chat template. */
  documents?: unknown[] | null;
  /** Further variables of the chat template. The fields of the same name take precedence. */
  chat_template_kwargs?: Record<string, unknown> | null;
  /** A variable of the chat template. It has an effect only if the template uses it. */
  enable_thinking?: boolean | null;
  /** A variable of the chat template, such as 'low'. It has an effect only if the template uses it. */
  reasoning_effort?: string | null;
  /**
   * Continue the text of the last message, which must be the assistant's, instead of beginning another one; false by
   * default. The answer has only the new text.
   */
  continue_final_message?: boolean | null;
  /** Begin the model's answer; true by default, false with continue_final_message. */
  add_generation_prompt?: boolean | null;
  /** Return log probabilities; false by default. */
  logprobs?: boolean | null;
  /** With each token, list this many of the likeliest ones, up to 20; 0 by default. */
  top_logprobs?: number | null;
}

export interface CompletionRequest extends RequestOptions {
  /** A text, token ids, or a list of up to 128 of them. A list gives `n` choices for each. */
  prompt: string | number[] | (string | number[])[];
  /** Return log probabilities, and with each token this many of the likeliest ones, up to 20. */
  logprobs?: number | null;
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  /** Tokens of the prompt that were computed for an earlier request and not again for this one. */
  prompt_tokens_details: { cached_tokens: number };
  /** Tokens of the answer that are reasoning, if it was separated. */
  completion_tokens_details: { reasoning_tokens: number };
}

export interface TokenLogprob {
  id: number;
  token: string;
  /** UTF-8, which may be incomplete. */
  bytes: number[];
  /** Natural logarithm of the probability, before temperature and penalties. */
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

/**
 * 'stop': the model ended the answer, a stop string was reached, or stop_loops ended it. 'length': max_tokens or the end
 * of the context was reached.
 */
export type FinishReason = 'stop' | 'length' | 'tool_calls';

/** A call of a tool; the arguments are JSON. */
export interface ToolCall {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

/** What a chunk adds to a message: the first piece of a call has its id and name, later ones more of its arguments. */
export interface ChatDelta {
  role?: 'assistant';
  content?: string;
  reasoning_content?: string;
  tool_calls?: {
    index: number;
    id?: string;
    type?: 'function';
    function: { name?: string; arguments: string };
  }[];
}

export interface ChatCompletion {
  id: string;
  object: 'chat.completion';
  created: number;
  model: string;
  choices: {
    index: number;
    message: { role: 'assistant'; content: string | null; reasoning_content?: string; tool_calls?: ToolCall[] };
    logprobs: ChatLogprobs | null;
    finish_reason: FinishReason;
    /** See {@link RequestOptions.stop_loops}. */
    stop_reason?: 'loop';
    /** How many characters at the end of the answer repeat the phrase before them. */
    loop_length?: number;
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
    delta: ChatDelta;
    logprobs: ChatLogprobs | null;
    finish_reason: FinishReason | null;
    /** See {@link RequestOptions.stop_loops}. */
    stop_reason?: 'loop';
    /** How many characters at the end of the answer repeat the phrase before them. */
    loop_length?: number;
  }[];
  /** In the last chunk, whose choices are empty, if stream_options.include_usage was true. */
  usage?: Usage;
  /** In the first chunks, whose choices are empty, if return_progress was true. */
  prompt_progress?: PromptProgress;
}

/** A whole answer, or a chunk of a streamed one. */
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
    /** See {@link RequestOptions.stop_loops}. */
    stop_reason?: 'loop';
    /** How many characters at the end of the answer repeat the phrase before them. */
    loop_length?: number;
  }[];
  usage?: Usage;
  /** In the first chunks, whose choices are empty, if return_progress was true. */
  prompt_progress?: PromptProgress;
}

/**
 * A file, a session or a template that the engine rejects, or memory that is refused. Recognize this and the following
 * errors by `name`, or in TypeScript by {@link isQuernError} and its siblings: they come from a worker as plain errors,
 * not as instances of a class.
 */
export interface QuernError extends Error {
  name: 'QuernError';
  /** A negative qn_status of include/quern.h, such as -4 if memory is refused. */
  code: number;
  /** The offset of the byte in the file or template that caused it; null if there is none. */
  offset: number | null;
}

/** An invalid request. */
export interface RequestError extends Error {
  name: 'RequestError';
  /** The field; null if no single field is wrong. */
  param: string | null;
  /** OpenAI's, such as 'context_length_exceeded'. */
  code: string | null;
}

/** A problem with the network, the server, or the file on the server. */
export interface SourceError extends Error {
  name: 'SourceError';
  /** The HTTP status; 0 if there was no answer. */
  status: number;
}

/** A session that could not be kept or resumed. */
export interface SessionError extends Error {
  name: 'SessionError';
  /** 'refused': the session belongs to another model, or does not fit. */
  code: 'no_storage' | 'no_room' | 'not_found' | 'damaged' | 'refused';
}

/** Whether a caught value is an error of this package with that name; also narrows its type. */
export function isQuernError(error: unknown): error is QuernError;
export function isRequestError(error: unknown): error is RequestError;
export function isSourceError(error: unknown): error is SourceError;
export function isSessionError(error: unknown): error is SessionError;

export interface KeptSession {
  name: string;
  /** The name of the model that computed it. Other models refuse it. */
  model: string;
  tokens: number;
  /** Its size in the storage. */
  bytes: number;
  date: Date;
}

/** Lists the kept sessions, the newest first. */
export function listSessions(): Promise<KeptSession[]>;

/** Deletes a kept session, if there is one of that name. */
export function deleteSession(name: string): Promise<void>;

export interface StoredModelInfo {
  /** For {@link deleteModel}. */
  key: string;
  /** The (first) file's name. */
  name: string;
  /** The (first) file's URL. */
  url: string;
  /** Bytes of all files whose size is known. */
  size: number;
  /** Stored bytes. */
  bytes: number;
  /** Whether it can be loaded without a network. */
  complete: boolean;
  /** The (first) file's ETag, or its date; '' if the server sent neither. */
  etag: string;
  /** The (first) file's hash, if it was verified. */
  sha256: string | null;
  /** When it was loaded last. */
  used: Date | null;
}

/** Lists the stored models, complete or not. The one that was used last comes first. */
export function listModels(): Promise<StoredModelInfo[]>;

/** Deletes a stored model. Rejects if a tab is using it. */
export function deleteModel(key: string): Promise<void>;

/** Bytes that the origin has stored and may store, and whether the browser promised not to evict them. */
export function storageInfo(): Promise<{ usage: number; quota: number; persisted: boolean }>;

/** Asks the browser not to evict stored models; resolves to whether it promised. Works in pages, not in workers. */
export function persist(): Promise<boolean>;
