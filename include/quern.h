/* Quern: inference of GGUF language models, in a module that imports nothing.
 *
 * This header is the manual of the C API and of the WebAssembly exports: they are the same functions. A host
 * that is not written in C calls them by name; platform/exports.txt lists them.
 *
 * How a host uses it
 *   1. model = qn_model_open(size of the file)
 *      while qn_model_want(model, &want) == QN_MORE: write up to want.bytes bytes of the file, from want.offset,
 *      to want.address, then qn_model_wrote(model, how many). The first QN_OK says that the directory is read:
 *      look at qn_model_plan, then qn_model_place takes the memory. Go on with want and wrote until QN_OK again.
 *      A prompt can be computed meanwhile: see qn_model_need.
 *   2. n = qn_tokenize(model, text, ...), or qn_prompt_render and qn_prompt_tokens for a chat
 *   3. session = qn_session_new(model, context, batch); qn_session_feed(session, tokens, n, QN_LOGITS_LAST)
 *      while qn_session_step(session) == QN_MORE: show progress, or stop
 *   4. id = qn_session_sample(session); qn_piece(model, &decoder, id, ...) gives its text;
 *      qn_session_feed(session, &id, 1, ...) and so on, until qn_token_is_end(model, id).
 *
 * Conventions
 *   - Functions that can fail return a qn_status, or a null pointer; qn_last_error then says what and where.
 *     A count is returned as int64_t: negative is a qn_status.
 *   - A function that fills a buffer of `capacity` elements returns how many there are in all, as snprintf does:
 *     more than capacity means that the rest was left out.
 *   - Nothing calls back. A step is bounded. Time and seeds are arguments. No function keeps a pointer that the
 *     host passed after it has returned.
 *   - Every byte of a model file, template, text and JSON may be hostile. Handles and addresses are trusted:
 *     they come from the host, which owns the memory.
 *   - One instance (or process) is entered by one thread at a time.
 *   - Text is UTF-8, not terminated by a zero, its length in bytes beside it. Invalid UTF-8 is allowed.
 *   - Structures have the same layout in 32 and 64 bits: addresses in them are 64-bit integers. */
#ifndef QUERN_H
#define QUERN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when an export changes its meaning. */
#define QN_ABI_VERSION 1u

enum qn_status {
    QN_OK = 0,
    QN_MORE = 1,             /* not an error: bytes are wanted, or steps remain */
    QN_WAIT = 2,             /* not an error: the tensors that come next are still to be written */
    QN_ERR_ARGUMENT = -1,    /* the call makes no sense */
    QN_ERR_FORMAT = -2,      /* the file is not a well-formed GGUF; offset says where */
    QN_ERR_UNSUPPORTED = -3, /* well formed, but not something that this build runs */
    QN_ERR_MEMORY = -4,      /* the host refused memory; the text says how much was asked for */
    QN_ERR_STATE = -5,       /* called at the wrong time */
    QN_ERR_CONTEXT = -6,     /* no room left in the context */
    QN_ERR_TEMPLATE = -7,    /* the chat template is wrong, or raised an exception; offset is in the template */
    QN_ERR_LIMIT = -8,       /* a limit on depth, steps or size was reached */
    QN_ERR_MISCOMPILED = -9  /* floating-point results are wrong: see qn_self_check */
};

#define QN_NO_OFFSET UINT64_MAX

/* What went wrong last. text is one line of UTF-8 with a final zero; text_bytes leaves the zero out. */
struct qn_error {
    int32_t code; /* qn_status */
    uint32_t text_bytes;
    uint64_t offset; /* of the byte in the file or template, or QN_NO_OFFSET */
    char text[496];
};

uint32_t qn_abi_version(void);

enum qn_feature { QN_FEATURE_SIMD128 = 1, QN_FEATURE_RELAXED = 2, QN_FEATURE_THREADS = 4, QN_FEATURE_64BIT = 8 };
/* The qn_feature bits that this module was built with. */
uint32_t qn_features(void);

/* Checks that multiply-add is not contracted, that subnormals are kept and that results are rounded to nearest. Call it
 * once at startup. QN_OK or QN_ERR_MISCOMPILED. */
int32_t qn_self_check(void);

/* The record of this instance; it stays at one address. */
const struct qn_error *qn_last_error(void);

/* Memory for the host's own arguments: 64-byte aligned, not cleared. Null when refused. */
void *qn_alloc(size_t bytes);
void qn_free(void *memory);

/* ---- models ------------------------------------------------------------------------------------------- */

typedef struct qn_model qn_model;

/* file_bytes may be 0 when the host does not know; a file that ends early is then found when it does. A model in
 * several files (name-00001-of-00003.gguf) is opened with its first one; want.part then says which of the others comes
 * next. */
qn_model *qn_model_open(uint64_t file_bytes);
/* Sessions of the model must have been freed before. */
void qn_model_free(qn_model *model);

struct qn_want {
    uint64_t offset;  /* in the file */
    uint64_t bytes;   /* at most so many */
    uint64_t address; /* where they go, in linear memory */
    uint64_t part;    /* of a model in several files: which of them, from 0; else 0 */
};
/* QN_MORE: *want says which bytes come next. QN_OK: the directory, or after qn_model_place the model, is whole. */
int32_t qn_model_want(qn_model *model, struct qn_want *want);
/* `bytes` of the last want were written. 0 says that the file ends there. QN_OK or an error, whose offset is in that
 * want's part. */
int32_t qn_model_wrote(qn_model *model, uint64_t bytes);

struct qn_plan {
    uint64_t file_bytes;     /* what the directory says that the file has */
    uint64_t tensor_bytes;   /* weights, used as they lie */
    uint64_t metadata_bytes; /* directory, vocabulary and their indexes, as taken so far */
    uint64_t kv_page_bytes;  /* the KV cache grows by such pages ... */
    uint64_t kv_page_tokens; /* ... of so many tokens */
    uint64_t kv_bytes;       /* at the full context */
    uint64_t scratch_bytes;  /* of a session */
    uint64_t total_bytes;    /* all of it, with the cache full */
    uint32_t context;        /* tokens; what was asked for, or the model's own when 0 was */
    uint32_t batch;          /* tokens */
};
enum qn_cache { QN_CACHE_F16 = 0, QN_CACHE_Q8_0 = 1 /* about half the bytes, for a little accuracy */ };
/* How keys and values lie in the caches of plans and sessions from now on; f16 at first. q8_0 where the widths of heads
 * are multiples of 32, else QN_ERR_UNSUPPORTED. Once the directory is read. */
int32_t qn_model_cache(qn_model *model, uint32_t cache);
/* What a session of `context` tokens (0: as trained) and micro-batches of `batch` tokens (0: the default) takes
 * beside the model. Once the directory is read. */
int32_t qn_model_plan(qn_model *model, uint32_t context, uint32_t batch, struct qn_plan *plan);
/* Takes the memory for the tensors. */
int32_t qn_model_place(qn_model *model);

/* Sessions may be made as soon as the memory has been taken, and computed while the tensors come: qn_session_step says
 * QN_WAIT where it cannot go on yet. Which bytes it needs first is another order than the file's: the embedding, then
 * layer after layer (files may have them otherwise), then the output. A host that can read anywhere in the file asks in
 * the order of qn_model_need and says so with qn_model_wrote_at; one that cannot goes on with qn_model_want and
 * qn_model_wrote. Both may be mixed: want leaves out what has come. */

/* Fills *need with where tensor `index` lies, counted in the order of need. Of one part, address - offset is the same
 * for all: other bytes between its tensors may be written as well. address is 0 before qn_model_place.
 * QN_ERR_ARGUMENT past the last. Once the directory is read. */
int32_t qn_model_need(const qn_model *model, uint32_t index, struct qn_want *need);
/* Bytes [offset, offset + bytes) of a part's file have been written where qn_model_need says, for the first time or
 * again. They lie between the part's first and last tensor, or it is QN_ERR_ARGUMENT. bytes == 0 says that the file
 * ends at offset: an error. What has come may lie in up to 1024 pieces with gaps between them; one more is
 * QN_ERR_LIMIT, and does not count as written. */
int32_t qn_model_wrote_at(qn_model *model, uint32_t part, uint64_t offset, uint64_t bytes);

struct qn_value {
    uint64_t key_address;
    uint64_t key_bytes;
    uint64_t address; /* little-endian, as in the file; a string's text without its length; an array's elements */
    uint64_t bytes;
    uint64_t count;        /* elements of an array, else 1 */
    uint32_t type;         /* as GGUF numbers them: 8 string, 9 array ... */
    uint32_t element_type; /* of an array, else the type */
};
/* Metadata entry `index`; QN_ERR_ARGUMENT past the last. Once the directory is read. */
int32_t qn_model_metadata(const qn_model *model, uint32_t index, struct qn_value *value);

struct qn_tensor {
    uint64_t name_address;
    uint64_t name_bytes;
    uint64_t shape[4]; /* shape[0] is contiguous */
    uint64_t offset;   /* in the file; of several files, as if the tensors of each followed those of the one before */
    uint64_t bytes;
    uint32_t n_dims;
    uint32_t type; /* as GGUF numbers them: 0 F32, 12 Q4_K ... */
};
int32_t qn_model_tensor(const qn_model *model, uint32_t index, struct qn_tensor *tensor);

uint32_t qn_model_vocab_size(const qn_model *model);
uint32_t qn_model_context_size(const qn_model *model); /* as trained */
uint32_t qn_model_embedding_size(const qn_model *model);

/* ---- text ---------------------------------------------------------------------------------------------- */

enum qn_tokenize_flag {
    QN_ADD_SPECIAL = 1,  /* begin- and end-of-text tokens where the model wants them */
    QN_PARSE_SPECIAL = 2 /* text such as <|im_start|> becomes the control token of that name */
};
/* Tokens of a text. Once the directory is read. Fills ids[capacity]; returns their number. */
int64_t qn_tokenize(qn_model *model, const char *text, size_t bytes, uint32_t flags, int32_t *ids, size_t capacity);

enum qn_detokenize_flag { QN_SHOW_SPECIAL = 1 /* control tokens as their names; else they are left out */ };
/* Text of tokens, as one piece of text (a leading space that the encoder added is taken off). */
int64_t qn_detokenize(qn_model *model, const int32_t *ids, size_t count, uint32_t flags, char *text, size_t capacity);

/* State of streaming detokenising, owned by the host and all zero at first. */
struct qn_decoder {
    uint8_t held[8]; /* bytes of a character that is not whole yet */
    uint32_t held_bytes;
    uint32_t started; /* a first piece has been given */
};
/* Text that is whole once `id` follows the tokens before: whole characters only. A piece can be as long as the
 * longest text in the vocabulary. id < 0 flushes: what is held comes out as U+FFFD. Bytes that can never become
 * a character come out as U+FFFD at once. */
int64_t qn_piece(qn_model *model, struct qn_decoder *decoder, int32_t id, uint32_t flags, char *text, size_t capacity);

/* 1 when `id` ends generation (end of text, end of turn, ...), else 0. */
int32_t qn_token_is_end(const qn_model *model, int32_t id);

/* A rendered chat template. It remembers which bytes came from messages, so that those never become control tokens. */
typedef struct qn_prompt qn_prompt;
/* context is a JSON object: the template's variables, such as messages, tools, add_generation_prompt, bos_token,
 * eos_token, and now (seconds since 1970, UTC, for strftime_now). Text under bos_token, eos_token and the like is
 * trusted, text under messages, tools and documents is not. template_bytes == 0 takes the model's own template;
 * model may then not be null. With a model, bos_token and eos_token are its tokens unless the
 * context has them; empty when it has no such token. */
qn_prompt *qn_prompt_render(qn_model *model, const char *template_text, size_t template_bytes, const char *context,
                            size_t context_bytes);
int64_t qn_prompt_text(const qn_prompt *prompt, char *text, size_t capacity);
/* Tokens of the prompt, special tokens parsed in the template's own text only; begin-of-text is added where the
 * model wants it and the template did not. */
int64_t qn_prompt_tokens(qn_model *model, const qn_prompt *prompt, int32_t *ids, size_t capacity);
void qn_prompt_free(qn_prompt *prompt);

/* ---- sessions ------------------------------------------------------------------------------------------ */

typedef struct qn_session qn_session;

/* Once the model has been placed. context: tokens, 0 for as trained. batch: tokens of a prompt computed at once, 0 for
 * the default. */
qn_session *qn_session_new(qn_model *model, uint32_t context, uint32_t batch);
void qn_session_free(qn_session *session);

enum qn_logits { QN_LOGITS_NONE = 0, QN_LOGITS_LAST = 1, QN_LOGITS_ALL = 2 };
/* Queues tokens. QN_ERR_CONTEXT when they do not fit: nothing was queued then. */
int32_t qn_session_feed(qn_session *session, const int32_t *ids, size_t count, uint32_t logits);
/* One bounded piece of work: a layer of a micro-batch, or a whole token. QN_MORE: call again. QN_OK: nothing queued
 * is left. QN_WAIT, while the model is loading: call again when more of it has come. After each call qn_session_rows
 * says how many rows of logits, or of embeddings, are there to be read. */
int32_t qn_session_step(qn_session *session);
/* Layers that are done of the micro-batch under way, of <architecture>.block_count. */
uint32_t qn_session_layers(const qn_session *session);
uint32_t qn_session_rows(const qn_session *session);
/* float[n_vocab] of row `row` (from 0), valid until the next step. Null past the last. */
const float *qn_session_logits(const qn_session *session, uint32_t row);
/* Tokens computed and kept. */
uint32_t qn_session_position(const qn_session *session);
/* Forgets all tokens from `position` on, and whatever was queued. To go on in a full context: rewind to what must
 * stay, such as a system message, and feed the later part of the rest again. Where a model has recurrent state, steps
 * may compute some tokens before `position` once more, to the same bits. */
int32_t qn_session_rewind(qn_session *session, uint32_t position);

/* How the vectors of an input's tokens become one, numbered as in GGUF files. */
enum qn_pooling {
    QN_POOLING_MODEL = -1, /* as the model's file says */
    QN_POOLING_NONE = 0,   /* they stay: a row for each token */
    QN_POOLING_MEAN = 1,
    QN_POOLING_CLS = 2, /* the first token's */
    QN_POOLING_LAST = 3 /* the last token's */
};
/* What the file says (<architecture>.pooling_type), maybe something else than the above; QN_POOLING_MODEL when it says
 * nothing. Files of encoders say it, those of most other models do not. Once the directory is read. */
int32_t qn_model_pooling(const qn_model *model);
/* 1 when the model sees a whole input at once, as encoders such as BERT do: it gives embeddings and nothing else,
 * qn_session_feed refuses, and a session's batch is its context. 0: it writes text, and gives embeddings too. Once the
 * directory is read. */
int32_t qn_model_is_encoder(const qn_model *model);
/* Forgets all tokens of the session and queues an input, of one token at least, for its embedding; then step until
 * QN_OK. ids are those of qn_tokenize with QN_ADD_SPECIAL. pooling: a qn_pooling. normalize: 1 scales each row to the
 * length 1, 0 leaves it. With QN_POOLING_NONE rows come with each step, in the order of the tokens; else one comes with
 * the last. */
int32_t qn_session_embed(qn_session *session, const int32_t *ids, size_t count, int32_t pooling, uint32_t normalize);
/* float[qn_model_embedding_size] of row `row` < qn_session_rows, valid until the next step. Null past the last. */
const float *qn_session_embedding(const qn_session *session, uint32_t row);

/* A session can be saved as bytes, to be restored later, in any build and host that has the same model. Saved are the
 * tokens computed, their cache (in whole pages), the last row of logits if there is one, and the sampler with its
 * settings; what is queued is not. The form passes in pieces of any size, so that it need never lie anywhere whole. */

/* Bytes of the saved form as the session is now. */
int64_t qn_session_save_bytes(const qn_session *session);
/* Fills bytes[capacity] with the saved form from byte `offset` on; returns how many bytes it filled, 0 at the end.
 * Step, feed and rewind only once all is saved. */
int64_t qn_session_save(const qn_session *session, uint64_t offset, void *bytes, size_t capacity);
/* Takes in the next `count` bytes of a saved form, which may be hostile: pieces come in order, `offset` says where they
 * lie, the first one has 256 bytes at least (or all). QN_MORE: more must come. QN_OK: the session is as the saved one
 * was; its context and batch may be others (but where a model rotates long contexts otherwise, both must be long, or
 * neither). The session is empty in between and after an error, but for an error that the first 256 bytes show, which
 * leaves it as it was. qn_session_feed gives up what has not come whole. An error's offset is that of the byte in the
 * saved form. */
int32_t qn_session_restore(qn_session *session, uint64_t offset, const void *bytes, size_t count);
/* A new session of the same context and batch, as the other would be once saved and restored. */
qn_session *qn_session_fork(const qn_session *session);

/* The sampler's settings, with the defaults of qn_sampling_default. The order is: logit bias, penalties, top-k,
 * top-p, min-p, temperature, draw. temperature <= 0 takes the best token, the lowest id among equals. */
struct qn_sampling {
    float temperature;       /* 0.8 */
    float top_p;             /* 0.95; 1 is off */
    float min_p;             /* 0.05; 0 is off */
    float repeat_penalty;    /* 1: off */
    float frequency_penalty; /* 0 */
    float presence_penalty;  /* 0 */
    int32_t top_k;           /* 40; 0 is off */
    int32_t penalty_last_n;  /* 64 tokens looked back on; 0 is off, -1 the context */
    uint64_t seed;           /* 0 is a seed like any other */
};
struct qn_bias {
    int32_t id;
    float bias; /* added to the logit; -infinity forbids */
};
void qn_sampling_default(struct qn_sampling *sampling);
/* Starts the random sequence anew. biases may be null when count is 0. */
int32_t qn_session_sampling(qn_session *session, const struct qn_sampling *sampling, const struct qn_bias *biases,
                            size_t count);
/* A token drawn from the last row of logits; the logits stay as they were. Negative: a qn_status. */
int32_t qn_session_sample(qn_session *session);

/* ---- threads ------------------------------------------------------------------------------------------- */

/* Only the threaded modules (QN_FEATURE_THREADS) have more than one. They import a shared memory as env.memory. The
 * host instantiates the module once more for each worker, on the same memory and in a thread of its own, after the
 * first instance, and calls qn_worker_enter there; all other calls go to the first instance, in a thread that is
 * allowed to wait (not a page's main one). Results do not depend on the number of threads. */

/* Prepares for `threads` threads, the caller's included, before the first session. In a module without threads, more
 * than 1 is QN_ERR_UNSUPPORTED. */
int32_t qn_threads_start(uint32_t threads);
/* Of the threads that were started, so many take part from now on; the others sleep. Between steps, at any time: a host
 * can try which number is fastest, for results do not depend on it. */
int32_t qn_threads_use(uint32_t threads);
/* The stack of worker 1 <= worker < threads: its top, for qn_worker_enter. */
void *qn_worker_stack(uint32_t worker);
/* In the worker's own instance: works until qn_threads_stop, then returns. */
void qn_worker_enter(uint32_t worker, void *stack);
/* Lets the workers return and waits until they have; sessions must have been freed. */
void qn_threads_stop(void);

#ifdef __cplusplus
}
#endif

#endif
