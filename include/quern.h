/* Quern runs GGUF language models. This header is the reference for the C API and for the exports of the WebAssembly
 * modules: they are the same functions (platform/exports.txt lists them).
 *
 *
 * EXAMPLE
 * =======
 * hosts/c/generate.c answers one question. A test compiles and runs it.
 *
 *     // Answers one question with a GGUF model: generate model.gguf "What is 2 + 2?"
 *     #include <stdio.h>
 *     #include <stdlib.h>
 *     #include <string.h>
 *
 *     #include "quern.h"
 *
 *     // The variables of a chat template, as JSON. The question must not need escapes.
 *     #define CHAT "{\"messages\": [{\"role\": \"user\", \"content\": \"%s\"}], \"add_generation_prompt\": true}"
 *
 *     enum { CONTEXT = 512, ANSWER = 64 }; // tokens
 *
 *     static void fail(const char *text) {
 *         fprintf(stderr, "%s\n", text);
 *         exit(1);
 *     }
 *
 *     // Every function that fails leaves the reason in qn_last_error.
 *     static void check(int64_t status) {
 *         if (status < 0) {
 *             fail(qn_last_error()->text);
 *         }
 *     }
 *
 *     // Reads the bytes that the engine asks for, straight to the address that it names.
 *     static void load(qn_model *model, FILE *file) {
 *         struct qn_want want;
 *         int32_t status;
 *         while ((status = qn_model_want(model, &want)) == QN_MORE) {
 *             fseek(file, (long)want.offset, SEEK_SET);
 *             const size_t bytes = fread((void *)(uintptr_t)want.address, 1, (size_t)want.bytes, file);
 *             check(qn_model_wrote(model, bytes));
 *         }
 *         check(status);
 *     }
 *
 *     // Prints the text that this token completes. -1 flushes the end of the text.
 *     static void print_piece(qn_model *model, struct qn_decoder *decoder, int32_t id) {
 *         char buffer[256];
 *         char *text = buffer;
 *         int64_t bytes = qn_piece(model, decoder, id, 0, text, sizeof buffer);
 *         if (bytes > (int64_t)sizeof buffer) { // too small: the decoder is unchanged, so call again with enough
 *             text = malloc((size_t)bytes);
 *             if (text == NULL) {
 *                 fail("no memory");
 *             }
 *             bytes = qn_piece(model, decoder, id, 0, text, (size_t)bytes);
 *         }
 *         check(bytes);
 *         fwrite(text, 1, (size_t)bytes, stdout);
 *         if (text != buffer) {
 *             free(text);
 *         }
 *     }
 *
 *     // Renders the model's chat template around a question. Fills ids and returns their count.
 *     static size_t chat_tokens(qn_model *model, const char *question, int32_t ids[CONTEXT]) {
 *         char json[4096];
 *         const int length = snprintf(json, sizeof json, CHAT, question);
 *         if (length < 0 || (size_t)length >= sizeof json) {
 *             fail("the question is too long");
 *         }
 *         qn_prompt *prompt = qn_prompt_render(model, NULL, 0, json, (size_t)length);
 *         if (prompt == NULL) {
 *             fail(qn_last_error()->text);
 *         }
 *         const int64_t count = qn_prompt_tokens(model, prompt, ids, CONTEXT);
 *         check(count);
 *         qn_prompt_free(prompt);
 *         if (count > CONTEXT - ANSWER) {
 *             fail("the question is too long");
 *         }
 *         return (size_t)count;
 *     }
 *
 *     static void answer(qn_model *model, qn_session *session, const int32_t *ids, size_t count) {
 *         struct qn_decoder decoder = {.started = 1}; // the answer continues the prompt
 *         int32_t id;
 *         for (int i = 0; i < ANSWER; i++) {
 *             check(qn_session_feed(session, ids, count, QN_LOGITS_LAST));
 *             int32_t status;
 *             while ((status = qn_session_step(session)) == QN_MORE) {
 *                 // The work of a step is bounded: a host can show progress or stop here.
 *             }
 *             check(status);
 *             id = qn_session_sample(session);
 *             check(id);
 *             if (qn_token_is_end(model, id)) {
 *                 break;
 *             }
 *             print_piece(model, &decoder, id);
 *             ids = &id; // from now on, feed the token that was just sampled
 *             count = 1;
 *         }
 *         print_piece(model, &decoder, -1);
 *         printf("\n");
 *     }
 *
 *     int main(int argc, char **argv) {
 *         check(qn_self_check());
 *         FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
 *         if (file == NULL) {
 *             fail("usage: generate model.gguf \"question\"");
 *         }
 *         qn_model *model = qn_model_open(0); // 0: the file's size is not known
 *         if (model == NULL) {
 *             fail(qn_last_error()->text);
 *         }
 *         load(model, file); // the directory: metadata, vocabulary, names and shapes of tensors
 *
 *         struct qn_plan plan;
 *         check(qn_model_plan(model, CONTEXT, 0, &plan));
 *         fprintf(stderr, "needs %llu bytes of memory\n", (unsigned long long)plan.total_bytes);
 *         check(qn_model_place(model));
 *         load(model, file); // the tensors
 *         fclose(file);
 *
 *         qn_session *session = qn_session_new(model, CONTEXT, 0);
 *         if (session == NULL) {
 *             fail(qn_last_error()->text);
 *         }
 *         struct qn_sampling sampling;
 *         qn_sampling_default(&sampling);
 *         sampling.temperature = 0; // always the most probable token
 *         check(qn_session_sampling(session, &sampling, NULL, 0));
 *
 *         int32_t ids[CONTEXT];
 *         answer(model, session, ids, chat_tokens(model, argv[2], ids));
 *
 *         qn_session_free(session);
 *         qn_model_free(model);
 *         return 0;
 *     }
 *
 *
 * CONVENTIONS
 * ===========
 * - Errors. A function that can fail returns a qn_status or a null pointer; qn_last_error then has the code, a line of
 *   text and the byte offset. A function that returns a count as int64_t or a token as int32_t returns a negative
 *   qn_status instead. Nothing aborts.
 * - Buffers. A function that fills a buffer of `capacity` elements returns the number of elements that the whole result
 *   has, as snprintf does. If that exceeds capacity, the buffer holds the first `capacity` elements: call again with a
 *   larger one. With capacity 0 the buffer may be null. qn_session_save works differently.
 * - Ownership. Every handle has a function that frees it, which accepts null. The engine copies what it keeps: no
 *   pointer that the host passes is used after the call returns. Free sessions and grammars before their model, and
 *   prompts at any time.
 * - Control. The engine never calls the host. A step does a bounded amount of work. The host passes the time and random
 *   seeds as arguments.
 * - Trust. Model files, saved sessions, templates, grammars, JSON, text and token ids may be hostile. Handles,
 * addresses and capacities are trusted: they must be valid.
 * - Threads. Only one thread at a time may call the engine in a process (or a Wasm instance).
 * - Text is UTF-8 with an explicit length in bytes and no final zero. Malformed UTF-8 is allowed.
 * - "Token" is a token id: 0 <= id < qn_model_vocab_size.
 * - Any function may fail with QN_ERR_STATE (see below), and any that needs memory with QN_ERR_MEMORY. The descriptions
 *   list only the other errors.
 *
 *
 * STATES
 * ======
 * A model is
 *   opened    from qn_model_open: its directory (header, metadata, tensor table) is being read;
 *   planned   from the first QN_OK of qn_model_want: everything but the tensors is known and checked;
 *   placed    from qn_model_place: there is memory for the tensors, and they are being loaded;
 *   loaded    when all tensors have arrived;
 *   failed    after an error in a file, or when memory for the directory was refused. Only freeing it is useful.
 *
 * yes: may be called. no: QN_ERR_STATE, or null from functions that return a handle. zero: returns 0.
 *
 *                                                    opened  planned  placed  loaded  failed
 *   qn_model_want                                    yes     yes      yes     yes     no
 *   qn_model_wrote                                   yes     (1)      yes     (1)     no
 *   qn_model_cache, qn_model_plan, qn_model_need,
 *   qn_model_metadata, qn_model_tensor,
 *   qn_model_sampling                                no      yes      yes     yes     no
 *   qn_model_vocab_size, qn_model_context_size,
 *   qn_model_embedding_size, qn_model_pooling,
 *   qn_model_is_encoder, qn_model_is_recurrent,
 *   qn_token_is_end                                  zero    yes      yes     yes     (2)
 *   qn_tokenize, qn_detokenize, qn_piece,
 *   qn_prompt_tokens (3)                             no      yes      yes     yes     (2)
 *   qn_prompt_render and qn_format_new with the
 *   model's template                                 (4)     yes      yes     yes     (4)
 *   qn_model_place                                   no      yes      no      no      no
 *   qn_grammar_new with a model (3)                  no      yes      yes     yes     no
 *   qn_model_wrote_at, qn_session_new                no      no       yes     yes     no
 *   qn_session_step                                                   (5)     yes     no
 *   qn_session_save, qn_session_restore,
 *   qn_session_fork (6)                                               no      yes     no
 *   other functions of sessions                                       yes     yes     yes
 *   qn_model_nfc, qn_model_order, qn_model_free      yes     yes      yes     yes     yes
 *
 *   (1) QN_ERR_ARGUMENT: nothing is wanted.
 *   (2) Safe, but the result is meaningless.
 *   (3) Also QN_ERR_STATE, or null, if the model has no vocabulary.
 *   (4) Null, QN_ERR_TEMPLATE: no template is known.
 *   (5) QN_WAIT when the next tensors have not arrived.
 *   (6) See also their descriptions.
 *
 * A session is idle, has tokens queued, is within a micro-batch, or is being restored.
 *
 *                                       idle      queued  within a micro-batch  being restored
 *   qn_session_feed, qn_session_embed   yes       yes     yes                   yes: this ends the restore
 *   qn_session_step                     QN_OK     yes     yes                   QN_OK
 *   qn_session_rewind                   yes       yes     yes: it is abandoned  yes, to 0
 *   qn_session_sample                   only while qn_session_rows counts logits (9)
 *   qn_session_forced, qn_session_mask,
 *   qn_session_constraint               (9)     (9)     (9)                   (9)
 *   qn_session_save, qn_session_fork    yes       yes     (7)                   (8)
 *   all others                          yes       yes     yes                   yes
 *
 *   While it is being restored, a session is empty.
 *
 *   (7) QN_ERR_STATE if the model has recurrent layers; call qn_session_step until it returns QN_OK. Otherwise the
 *       saved session ends before the micro-batch.
 *   (8) QN_ERR_STATE if the model has recurrent layers. Otherwise the saved session is empty.
 *   (9) About the tokens that qn_session_position counts. QN_ERR_STATE after the session has left its grammar's text:
 *       see qn_session_constrain.
 *
 *
 * WEBASSEMBLY HOSTS
 * =================
 * Builds. Each module needs exactly these features beyond the first version of WebAssembly:
 *
 *   build                 fixed-width SIMD,     relaxed  threads (atomics,  64-bit
 *                         bulk memory,          SIMD     shared memory)     memory
 *                         sign extension
 *   wasm32-simd128        yes
 *   wasm32-relaxed        yes                   yes
 *   wasm32-simd128-mt     yes                            yes
 *   wasm32-relaxed-mt     yes                   yes      yes
 *   wasm64-simd128        yes                                               yes
 *   wasm64-relaxed        yes                   yes                         yes
 *   wasm64-simd128-mt     yes                            yes                yes
 *   wasm64-relaxed-mt     yes                   yes      yes                yes
 *
 * All builds compute the same bits. qn_features returns the features of a running module.
 *
 * Types.
 *
 *   C                                      wasm32   wasm64
 *   int32_t, uint32_t                      i32      i32
 *   int64_t, uint64_t                      i64      i64
 *   size_t, every pointer and handle       i32      i64
 *
 * In JavaScript an i32 result is a signed number, so read an address as `address >>> 0`; an i64 is a BigInt. Floats
 * occur only in structs. A struct is passed by address. Integers and floats in memory are little-endian.
 *
 * Structs have the same layout in 32 and 64 bits, because addresses in them are 64-bit integers. Blocks from qn_alloc
 * are aligned well enough for all of them. Size and offsets in bytes:
 *
 *   qn_error      512   code 0, text_bytes 4, offset 8, text 16
 *   qn_want        32   offset 0, bytes 8, address 16, split 24
 *   qn_plan        72   file_bytes 0, tensor_bytes 8, metadata_bytes 16, kv_page_bytes 24, kv_page_tokens 32,
 *                       kv_bytes 40, scratch_bytes 48, total_bytes 56, context 64, batch 68
 *   qn_value       48   key_address 0, key_bytes 8, address 16, bytes 24, count 32, type 40, element_type 44
 *   qn_tensor      72   name_address 0, name_bytes 8, shape 16, offset 48, bytes 56, n_dims 64, type 68
 *   qn_decoder     16   held 0, held_bytes 8, started 12
 *   qn_sampling    40   temperature 0, top_p 4, min_p 8, repeat_penalty 12, frequency_penalty 16,
 *                       presence_penalty 20, top_k 24, penalty_last_n 28, seed 32
 *   qn_bias         8   id 0, bias 4
 *   qn_event       32   address 0, bytes 8, kind 16, flags 20, call 24, reserved 28
 *
 * Memory. The single-threaded modules import nothing and export their memory as "memory". The threaded modules import
 * it as env.memory and do not export it. Use qn_alloc for arguments. Any call may grow the memory. Addresses stay
 * valid, but views do not: growth detaches a JavaScript ArrayBuffer, and a native host may find the memory at another
 * address. Take a new view after every call. (Views of a shared memory stay usable, but do not cover pages added
 * since.) Memory never shrinks; freed blocks are reused. The first 256 KiB hold the stack, which grows down to address
 * 0, so that an overflow traps. After a trap the instance is unusable: discard it.
 *
 * Limits, in pages of 64 KiB. A module starts with less than 1 MiB and declares
 *
 *   single-threaded, 32-bit   no maximum: it can grow to 65536 pages (4 GiB)
 *   single-threaded, 64-bit   no maximum: the host sets it
 *   threaded, 32-bit          a maximum of 65536 pages (4 GiB)
 *   threaded, 64-bit          a maximum of 262144 pages (16 GiB)
 *
 * A threaded module accepts any shared memory that has at least the declared initial size and at most the declared
 * maximum. Some hosts reserve the whole maximum at once and refuse a large one: try again with a smaller one. The
 * limits are in the module's import section (web/runtime/memory.js reads them).
 *
 * Threads. See qn_threads_start.
 *
 * Ahead-of-time compilers must compute what the module says, operation by operation: they must not contract a
 * multiplication and an addition into one fused operation, flush subnormals to zero, or change the rounding. For
 * example, gcc contracts by default: compile the output of wasm2c with -ffp-contract=off, or results differ from those
 * of other hosts. Call qn_self_check at startup to detect this. */
#ifndef QUERN_H
#define QUERN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- basics --------------------------------------------------------------------------------------------- */

/* Raised when an export changes its meaning. */
#define QN_ABI_VERSION 1u

enum qn_status {
    QN_OK = 0,
    QN_MORE = 1,             /* not an error: more bytes are wanted, or more steps remain */
    QN_WAIT = 2,             /* not an error: the next step needs tensors that have not arrived */
    QN_ERR_ARGUMENT = -1,    /* an argument is out of range or does not fit the others */
    QN_ERR_FORMAT = -2,      /* the file is malformed; offset says where */
    QN_ERR_UNSUPPORTED = -3, /* the file is well formed, but this build cannot run it */
    QN_ERR_MEMORY = -4,      /* the host refused memory; the text says how much was needed */
    QN_ERR_STATE = -5,       /* the call is not allowed in this state; see STATES */
    QN_ERR_CONTEXT = -6,     /* the tokens do not fit the session's context */
    QN_ERR_TEMPLATE = -7,    /* the chat template is wrong or raised an exception; offset is in the template */
    QN_ERR_LIMIT = -8,       /* a limit on depth, steps or size was reached */
    QN_ERR_MISCOMPILED = -9, /* floating-point results are wrong; see qn_self_check */
    QN_ERR_NOT_FINITE = -10  /* activations, logits or embeddings are infinite or NaN; see qn_session_step */
};

#define QN_NO_OFFSET UINT64_MAX

/* The last error. */
struct qn_error {
    int32_t code;        /* qn_status; 0 until the first error */
    uint32_t text_bytes; /* without the final zero */
    uint64_t offset;     /* of the offending byte in the file, template, JSON or saved session, or QN_NO_OFFSET */
    char text[496];      /* one line of well-formed UTF-8, terminated by a zero */
};

/* The record of the last error, owned by the engine. Its address never changes. Successful calls leave it as it is. */
const struct qn_error *qn_last_error(void);

/* QN_ABI_VERSION of the engine that is running. */
uint32_t qn_abi_version(void);

enum qn_feature { QN_FEATURE_SIMD128 = 1, QN_FEATURE_RELAXED = 2, QN_FEATURE_THREADS = 4, QN_FEATURE_64BIT = 8 };
/* The qn_feature bits of this build. */
uint32_t qn_features(void);

/* Checks, on a few sums, that the compiler or runtime does not contract multiply-add, flush subnormals to zero or
 * change the rounding mode. Call it once at startup. QN_OK, or QN_ERR_MISCOMPILED with the cause as text: results would
 * then differ from those of other hosts. */
int32_t qn_self_check(void);

/* A block of `bytes` bytes for the host's own use, such as arguments in linear memory. It is aligned to 64 bytes and
 * not cleared. Owned by the host until qn_free. Null if memory is refused. */
void *qn_alloc(size_t bytes);
/* Frees a block of qn_alloc; null is allowed. */
void qn_free(void *memory);

/* ---- loading a model ------------------------------------------------------------------------------------ */

typedef struct qn_model qn_model;

/* Starts reading a model file of file_bytes bytes; 0 if the size is not known (a truncated file is then detected when
 * its end is reached). For a model that is split into several files (name-00001-of-00003.gguf), pass the size of the
 * first one. The host owns the model until qn_model_free. Null only if memory is refused. */
qn_model *qn_model_open(uint64_t file_bytes);

/* Frees a model in any state; null is allowed. Its sessions must have been freed. */
void qn_model_free(qn_model *model);

/* Bytes that the host is asked to read from a file and write to memory. */
struct qn_want {
    uint64_t offset;  /* in the file */
    uint64_t bytes;   /* read at most this many */
    uint64_t address; /* where they go */
    uint64_t split;   /* index of the file: 0, or 0, 1, 2 ... for a model that is split into several files */
};

/* Asks what to read next, in the order of the file.
 * QN_MORE: *want is filled in. Write up to want->bytes bytes there, then call qn_model_wrote.
 * QN_OK: nothing is wanted. In the opened state this means that the directory is complete and the model becomes
 * planned: look at qn_model_plan, then call qn_model_place and go on. In the placed state it means that the model is
 * loaded. */
int32_t qn_model_want(qn_model *model, struct qn_want *want);

/* Says that `bytes` bytes of the last want have been written, counted from its start. 0 means that the file ends there.
 * QN_OK. QN_ERR_ARGUMENT if that is more than was wanted; the model is unchanged. Any other error makes the model
 * failed: QN_ERR_FORMAT, QN_ERR_UNSUPPORTED, QN_ERR_LIMIT or QN_ERR_MEMORY. The error's offset is in the file that
 * the want named. */
int32_t qn_model_wrote(qn_model *model, uint64_t bytes);

/* The memory that a model and one session take. */
struct qn_plan {
    uint64_t file_bytes;     /* size of the model's files, according to their directories */
    uint64_t tensor_bytes;   /* weights; they are used in place */
    uint64_t metadata_bytes; /* directory, vocabulary and their indexes; taken already */
    uint64_t kv_page_bytes;  /* the KV cache grows by pages of this size */
    uint64_t kv_page_tokens; /* tokens per page */
    uint64_t kv_bytes;       /* the whole KV cache, when the context is full */
    uint64_t scratch_bytes;  /* all other memory of the session */
    uint64_t total_bytes;    /* tensors, metadata, full KV cache and scratch */
    uint32_t context;        /* tokens: as requested, or as trained if 0 was requested */
    uint32_t batch;          /* tokens: as requested or the default, at most the context */
};

/* Plans a session with a context of `context` tokens (0: as trained) that computes a prompt in micro-batches of `batch`
 * tokens (0: the default, 128). Takes no memory. QN_ERR_ARGUMENT if the context exceeds 2^24 tokens or the positions
 * that the model has learned, or the batch exceeds 4096. */
int32_t qn_model_plan(qn_model *model, uint32_t context, uint32_t batch, struct qn_plan *plan);

enum qn_cache {
    QN_CACHE_F16 = 0, /* the default */
    QN_CACHE_Q8_0 = 1 /* about half the bytes, slightly less accurate */
};
/* Chooses the type of the KV cache for the plans and sessions made from now on. QN_ERR_UNSUPPORTED if the model's head
 * sizes are not multiples of 32 and q8_0 is asked for; QN_ERR_ARGUMENT for an unknown type. */
int32_t qn_model_cache(qn_model *model, uint32_t cache);

/* The order in which a step of one token, or a few, reads the weights. Results do not depend on it, but the speed does:
 * by how well the processor's prefetchers follow. A host can time a token in each order. */
enum qn_order {
    QN_ORDER_DISTANT = 0,         /* in turns from four rows of a matrix that lie far apart */
    QN_ORDER_DISTANT_PREFETCH = 1 /* the same, and each row is also loaded a few hundred bytes ahead */
};

/* Sets the order, a qn_order, from the next step on. QN_ERR_ARGUMENT if it is unknown. */
int32_t qn_model_order(qn_model *model, uint32_t order);

/* Takes the memory for the tensors. QN_ERR_MEMORY leaves the model planned: free memory and try again. */
int32_t qn_model_place(qn_model *model);

/* Out-of-order loading. Sessions can be created as soon as the model is placed. Their steps return QN_WAIT when the
 * next tensors are missing. A host that can read anywhere in the file can load the tensors in the order in which a
 * step needs them (embedding, layer after layer, output), so that the prompt is computed while the rest arrives. It
 * asks with qn_model_need and reports with qn_model_wrote_at. Both ways can be mixed: qn_model_want skips what has
 * arrived. */

/* Fills *need with the location of tensor `index`, in the order in which a step needs them. address is 0 before
 * qn_model_place. Within one file, address - offset is the same for all tensors, so the bytes between two tensors may
 * be read and written along with them. QN_ERR_ARGUMENT past the last tensor. */
int32_t qn_model_need(const qn_model *model, uint32_t index, struct qn_want *need);

/* Says that bytes [offset, offset + bytes) of file `split` have been written where qn_model_need says. Writing the same
 * bytes again is allowed. bytes == 0 means that the file ends at offset: the model becomes failed unless it is loaded.
 * QN_ERR_ARGUMENT if the range is not within the tensors of that file. QN_ERR_LIMIT if the bytes that have arrived
 * would form more than 1024 separate ranges; the new ones then do not count as written. */
int32_t qn_model_wrote_at(qn_model *model, uint32_t split, uint64_t offset, uint64_t bytes);

/* ---- model properties ----------------------------------------------------------------------------------- */

/* A metadata entry. The addresses point into the model and are valid as long as it is. */
struct qn_value {
    uint64_t key_address; /* UTF-8 */
    uint64_t key_bytes;
    uint64_t address;      /* the value as stored: a little-endian number, the text of a string, or the elements of an
                              array; each string of an array follows its length in 64 bits */
    uint64_t bytes;        /* of the value */
    uint64_t count;        /* elements of an array; else 1 */
    uint32_t type;         /* GGUF value type: 0 u8 ... 8 string, 9 array ... 12 f64 */
    uint32_t element_type; /* of an array; else the same as type */
};
/* Metadata entry `index`, in the order of the (first) file. QN_ERR_ARGUMENT past the last. */
int32_t qn_model_metadata(const qn_model *model, uint32_t index, struct qn_value *value);

/* A row of the tensor table. The address points into the model and is valid as long as it is. */
struct qn_tensor {
    uint64_t name_address; /* UTF-8 */
    uint64_t name_bytes;
    uint64_t shape[4]; /* elements; shape[0] is contiguous, unused dimensions are 1 */
    uint64_t offset;   /* in the file; in a split model, in the concatenation of all files' tensors */
    uint64_t bytes;
    uint32_t n_dims;
    uint32_t type; /* GGUF tensor type: 0 F32, 1 F16, 12 Q4_K ... */
};
/* Tensor `index`, in the order of the tensor table. QN_ERR_ARGUMENT past the last. */
int32_t qn_model_tensor(const qn_model *model, uint32_t index, struct qn_tensor *tensor);

uint32_t qn_model_vocab_size(const qn_model *model);     /* tokens */
uint32_t qn_model_context_size(const qn_model *model);   /* tokens, as trained */
uint32_t qn_model_embedding_size(const qn_model *model); /* floats */

/* How the vectors of an input's tokens are combined into its embedding. The numbers are those of GGUF files. */
enum qn_pooling {
    QN_POOLING_MODEL = -1, /* as the file says */
    QN_POOLING_NONE = 0,   /* one row per token */
    QN_POOLING_MEAN = 1,   /* the mean of all tokens */
    QN_POOLING_CLS = 2,    /* the first token */
    QN_POOLING_LAST = 3    /* the last token */
};
/* The file's <architecture>.pooling_type, which may be a number outside qn_pooling, or QN_POOLING_MODEL if the file has
 * none. Most files of encoders have it; most other files do not. */
int32_t qn_model_pooling(const qn_model *model);

/* 1 for an encoder such as BERT, which attends to a whole input at once: it computes embeddings only, qn_session_feed
 * refuses, and a session's batch is its context. 0 for a model that generates text; it can compute embeddings too. */
int32_t qn_model_is_encoder(const qn_model *model);

/* 1 for a model with recurrent layers, such as Mamba or LFM2, else 0. See qn_session_rewind. */
int32_t qn_model_is_recurrent(const qn_model *model);

/* ---- text ----------------------------------------------------------------------------------------------- */

enum qn_tokenize_flag {
    QN_ADD_SPECIAL = 1,   /* add the begin- and end-of-text tokens that the model expects */
    QN_PARSE_SPECIAL = 2, /* turn text such as <|im_start|> into the control token of that name */
    QN_NFC = 4            /* normalize the text to NFC first, apart from special tokens; see qn_model_nfc */
};
/* Splits a text of `bytes` bytes into tokens: fills ids[capacity] and returns their count. flags: qn_tokenize_flag
 * bits. QN_ERR_LIMIT for a text of 256 MiB or more. */
int64_t qn_tokenize(qn_model *model, const char *text, size_t bytes, uint32_t flags, int32_t *ids, size_t capacity);

/* Chooses whether qn_tokenize and qn_prompt_tokens always work as with QN_NFC. on: 1 or 0, the default. Some tokenizers
 * (Qwen 2 and later, among others) were trained on text in Unicode's normalization form C and normalize their input. A
 * GGUF file does not say so, and llama.cpp does not normalize. Without NFC, "e" and U+0301 become other tokens than
 * U+00E9. The tables are those of Unicode 15.1. */
void qn_model_nfc(qn_model *model, uint32_t on);

enum qn_detokenize_flag {
    QN_SHOW_SPECIAL = 1, /* show control tokens by name; without it they are left out */
    QN_CONTINUES = 2     /* qn_detokenize: the tokens continue a text; without it they start one */
};
/* The text of ids[count] as a whole: fills text[capacity] and returns its bytes. If the tokens start a text, the
 * leading space that the tokenizer added is left out. flags: qn_detokenize_flag bits. The text may be malformed UTF-8.
 * QN_ERR_ARGUMENT for an id outside the vocabulary. */
int64_t qn_detokenize(qn_model *model, const int32_t *ids, size_t count, uint32_t flags, char *text, size_t capacity);

/* State of a streaming decoder, owned by the host. All zero at the start of a text. Set started to 1 to decode tokens
 * that continue a text, such as the answer to a prompt: otherwise the decoder may leave out their leading space. */
struct qn_decoder {
    uint8_t held[8]; /* the bytes of a character that is not complete yet */
    uint32_t held_bytes;
    uint32_t started; /* 1 after the first token of a text */
};
/* The text that token `id` completes, as whole characters: fills text[capacity] and returns its bytes, which may be 0.
 * flags: qn_detokenize_flag bits. Bytes that cannot become a character turn into U+FFFD. id < 0 ends the text: an
 * incomplete character turns into U+FFFD. If the result exceeds capacity, the decoder is unchanged, so the call can be
 * repeated with a larger buffer. A piece has at most 3 * (bytes of the longest token + 1) bytes; 256 are enough for
 * nearly all of them. QN_ERR_ARGUMENT for an id outside the vocabulary. */
int64_t qn_piece(qn_model *model, struct qn_decoder *decoder, int32_t id, uint32_t flags, char *text, size_t capacity);

/* 1 if the token ends a generated text (end of text, end of turn ...), else 0. */
int32_t qn_token_is_end(const qn_model *model, int32_t id);

/* A rendered chat template. It remembers which bytes came from messages, so that those never become control tokens. */
typedef struct qn_prompt qn_prompt;

/* Renders a Jinja chat template. template_bytes == 0 uses the model's own template; otherwise, model may be null.
 * The model's own template is tokenizer.chat_template. If the variable tools is true and the file has
 * tokenizer.chat_template.tool_use, it is that one. A file may also have only keys of the form
 * tokenizer.chat_template.*: then it is default or the first one.
 * context is a JSON object of context_bytes bytes: the template's variables, such as messages, tools,
 * add_generation_prompt, bos_token, eos_token and now (seconds since 1970, UTC, for strftime_now). With a model,
 * bos_token and eos_token default to its tokens. Text under messages, tools and documents is untrusted, all other text
 * and the usual roles are trusted. The host owns the prompt until qn_prompt_free.
 *
 * Messages have the format of OpenAI's API. The template gets them in the form that it expects: the content as a text
 * or as a list of text parts, the arguments of a tool call as an object or as JSON, and the role system instead of
 * developer unless the template mentions developer. The prompt must contain the text of every message, apart from an
 * assistant's reasoning and the text next to tool calls. If it does not, the template does not fit the conversation and
 * the error is QN_ERR_TEMPLATE.
 *
 * Null: QN_ERR_TEMPLATE, QN_ERR_LIMIT, QN_ERR_ARGUMENT for malformed JSON (the offset is in the JSON), or QN_ERR_FORMAT
 * if the model's template is not a string. */
qn_prompt *qn_prompt_render(qn_model *model, const char *template_text, size_t template_bytes, const char *context,
                            size_t context_bytes);

/* The rendered text: fills text[capacity] and returns its bytes. */
int64_t qn_prompt_text(const qn_prompt *prompt, char *text, size_t capacity);

/* The tokens of the rendered text: fills ids[capacity] and returns their count. Special tokens are recognized in
 * trusted text only. The begin-of-text token is added if the model expects it and the template did not write it.
 * Errors: as for qn_tokenize. */
int64_t qn_prompt_tokens(qn_model *model, const qn_prompt *prompt, int32_t *ids, size_t capacity);

/* Frees a prompt; null is allowed. */
void qn_prompt_free(qn_prompt *prompt);

/* ---- outputs ------------------------------------------------------------------------------------------- */

/* How a model writes reasoning, text and calls of tools. */
typedef struct qn_format qn_format;

/* Finds the format by rendering the model's chat template with conversations whose names and values are known: with and
 * without calls, with one and two calls, with and without reasoning. template_bytes == 0 uses the model's own template;
 * otherwise, model may be null. The host owns the format until qn_format_free; one serves any number of outputs. Null:
 * QN_ERR_TEMPLATE if there is no template, QN_ERR_FORMAT if it is not a string. */
qn_format *qn_format_new(qn_model *model, const char *template_text, size_t template_bytes);

/* Frees a format; null is allowed. Its outputs must have been freed. */
void qn_format_free(qn_format *format);

/* Describes the format as a JSON object: fills text[capacity] and returns its bytes. Its members:
 *
 *   tools            true: the template shows the model its tools
 *   parallel         true: the template can show several calls in a turn
 *   calls            how a call is written: "object" for JSON with the name and the arguments, "named" for JSON with
 *                    the name as the only key, "json" for a name before JSON, "tagged" for arguments with markers,
 *                    "literal" for Python's syntax and Gemma's; null if the model has no calls
 *   reasoning_open, reasoning_close, text_open, text_close, open, close, separator, end, after_name, name_key,
 *   arguments_key, key_open, key_close, value_close, quote
 *                    markers, see engine/output/format.h; "" if there is none. U+0000 stands for a text that differs
 *                    between calls. White space at their ends is left out.
 *   open_at_start    true: a call can also be the start of the text, without `open`
 *   value_lines      true: values of tagged arguments have lines of their own
 *   bracket          which opens literal arguments */
int64_t qn_format_text(const qn_format *format, char *text, size_t capacity);

/* A model's output, which is read piece by piece. */
typedef struct qn_output qn_output;

/* Starts to read an output that follows the prompt: if that text (or its end) ends within reasoning, the output begins
 * in it. tools: a JSON list, as in OpenAI's API; calls of other tools stay text, and arguments get the types that the
 * tools declare. Without tools (0 bytes) every name is taken for a tool's. The host owns the output until
 * qn_output_free. Null: QN_ERR_ARGUMENT for malformed tools. */
qn_output *qn_output_new(const qn_format *format, const char *prompt, size_t prompt_bytes, const char *tools,
                         size_t tools_bytes);

/* Frees an output; null is allowed. */
void qn_output_free(qn_output *output);

enum qn_event_kind {
    QN_EVENT_TEXT = 0,
    QN_EVENT_REASONING = 1,
    QN_EVENT_CALL = 2,        /* a call begins; the text is the tool's name */
    QN_EVENT_ARGUMENTS = 3,   /* a piece of the call's arguments, which are a JSON object */
    QN_EVENT_CALL_END = 4,    /* the arguments are complete */
    QN_EVENT_CALL_INVALID = 5 /* the arguments are malformed: the call is none. Its text follows, as text */
};
enum qn_event_flag {
    QN_EVENT_NO_CALL = 1,   /* of text: it looked like a call, but is malformed or calls a tool that does not exist */
    QN_EVENT_INCOMPLETE = 2 /* of the end of a call: the output ended within the arguments */
};
struct qn_event {
    uint64_t address; /* of the event's text, owned by the output */
    uint64_t bytes;
    uint32_t kind;  /* qn_event_kind */
    uint32_t flags; /* qn_event_flag bits */
    uint32_t call;  /* counts the calls of the output from 0 */
    uint32_t reserved;
};

/* Reads `bytes` bytes more of the output and returns the number of events that they complete. The bytes may end
 * anywhere. control: 1 if they are the name of a control token (show it with QN_SHOW_SPECIAL), which is never shown as
 * text, else 0. No output is an error: what is not a valid call stays text. Events do not depend on how the output is
 * split, apart from text, reasoning and arguments, which come in as many pieces as the output. */
int32_t qn_output_push(qn_output *output, const char *text, size_t bytes, uint32_t control);

/* The output has ended: returns the number of events that this completes, such as text that could have been the start
 * of a call. Call it once. */
int32_t qn_output_end(qn_output *output);

/* Event `index` of the last push or end. It and its text stay until the next one. QN_ERR_ARGUMENT if there is none. */
int32_t qn_output_event(const qn_output *output, uint32_t index, struct qn_event *event);

/* ---- sessions ------------------------------------------------------------------------------------------- */

/* One sequence of tokens with its KV cache, position and sampler. Several sessions can share a model. */
typedef struct qn_session qn_session;

/* An empty session; context and batch as for qn_model_plan. The KV cache grows as the context fills. The sampler has
 * the settings of qn_sampling_default, seed 0 included, until qn_session_sampling is called: new sessions draw the same
 * tokens from the same logits. The host owns the session until qn_session_free. Null: QN_ERR_ARGUMENT as for
 * qn_model_plan, QN_ERR_MEMORY. */
qn_session *qn_session_new(qn_model *model, uint32_t context, uint32_t batch);

/* Frees a session; null is allowed. */
void qn_session_free(qn_session *session);

enum qn_logits { QN_LOGITS_NONE = 0, QN_LOGITS_LAST = 1, QN_LOGITS_ALL = 2 };
/* Queues ids[count] after the session's tokens. logits: a qn_logits, for which of these ids to compute logits. Sample
 * first: the call may discard the rows that the last step computed. On an error nothing is queued: QN_ERR_CONTEXT if
 * the tokens do not fit, QN_ERR_ARGUMENT for an id outside the vocabulary, QN_ERR_UNSUPPORTED for an encoder. */
int32_t qn_session_feed(qn_session *session, const int32_t *ids, size_t count, uint32_t logits);

/* Does one bounded piece of the queued work: some layers of a micro-batch, or one whole token.
 * QN_MORE: call again. QN_OK: the queue is empty. QN_WAIT: call again when more tensors have arrived. QN_ERR_MEMORY if
 * the KV cache cannot grow; the queue is unchanged, so the call can be repeated once memory is available.
 * QN_ERR_NOT_FINITE if the weights make activations overflow: the queue and the tokens of this micro-batch are dropped,
 * because no result can be computed from them. Rows that are returned are always finite. After every call, read the
 * rows that qn_session_rows counts: the next call replaces them. With an empty queue nothing changes. */
int32_t qn_session_step(qn_session *session);

/* Layers that the current micro-batch has passed, out of <architecture>.block_count. */
uint32_t qn_session_layers(const qn_session *session);

/* Rows of logits or embeddings that the last step computed: at most 8 of logits. */
uint32_t qn_session_rows(const qn_session *session);

/* Row `row` of the logits, float[qn_model_vocab_size], owned by the session and valid until its next feed, embed, step,
 * rewind or restore. Null for a row that does not exist. */
const float *qn_session_logits(const qn_session *session, uint32_t row);

/* Tokens that the session holds: computed, and not forgotten by a rewind. */
uint32_t qn_session_position(const qn_session *session);

/* Forgets the tokens from `position` on, the queue and the rows. To go on when the context is full, rewind to what must
 * stay (such as a system message) and feed the most recent tokens again. QN_ERR_ARGUMENT if position exceeds
 * qn_session_position.
 *
 * In a model with recurrent layers, the following steps may compute earlier tokens again, with identical results,
 * because a session keeps only two copies of an earlier state: from before the last feed of several tokens, and from
 * the start of that feed's last micro-batch (from its end if the micro-batch has 32 tokens or more). To return cheaply
 * to a position within a prompt, feed the tokens before it, step until QN_OK, and feed the rest, at most 31 tokens. */
int32_t qn_session_rewind(qn_session *session, uint32_t position);

/* How many of the tokens that qn_session_position counts the following steps compute again. 0 in a model without
 * recurrent layers. */
uint32_t qn_session_to_recompute(const qn_session *session);

/* Forgets all tokens and queues ids[count], a whole input, to compute its embedding. Step until QN_OK, then read the
 * row with qn_session_embedding; with QN_POOLING_NONE, each step gives rows, in the order of the tokens. ids: from
 * qn_tokenize with QN_ADD_SPECIAL. pooling: a qn_pooling. normalize: 1 scales each row to length 1, 0 does not. Rewind
 * to 0 before feeding text to the same session. An error leaves the session unchanged: QN_ERR_ARGUMENT if count is 0,
 * an id is outside the vocabulary, or QN_POOLING_MODEL was given and the file names no pooling; QN_ERR_UNSUPPORTED for
 * a reranker's pooling; QN_ERR_CONTEXT if the tokens do not fit. */
int32_t qn_session_embed(qn_session *session, const int32_t *ids, size_t count, int32_t pooling, uint32_t normalize);

/* Row `row` of the embeddings, float[qn_model_embedding_size]. Ownership and validity as for qn_session_logits. */
const float *qn_session_embedding(const qn_session *session, uint32_t row);

/* Saving and restoring. A session can be saved as bytes and restored in any host and build that has the same model. The
 * bytes hold the computed tokens, their KV cache (in whole pages), the last row of logits if there is one, and the
 * sampler with its settings and random state. They do not hold the queue. */

/* Size in bytes of the saved session in its current state. */
int64_t qn_session_save_bytes(const qn_session *session);

/* Copies up to `capacity` bytes of the saved session, from byte `offset` on, to bytes[capacity]. Returns how many it
 * copied, 0 at the end. Do not feed, embed, step or rewind between the first and the last of these calls.
 * QN_ERR_ARGUMENT if offset is past the end. QN_ERR_STATE also if the session was created before the model was loaded
 * and has taken no step since. */
int64_t qn_session_save(const qn_session *session, uint64_t offset, void *bytes, size_t capacity);

/* Takes the next `count` bytes of a saved session. Pass the pieces in order; offset is the position of this one. The
 * first has at least 256 bytes (or everything). Offset 0 starts over. QN_MORE: more bytes must follow. QN_OK: the
 * session is as it was when saved. Its context and batch may differ from the saved session's. With LongRoPE, however,
 * both contexts must exceed rope.scaling.original_context_length or neither. An error in the first piece leaves the
 * session unchanged; a later error leaves it empty. After a piece with a wrong offset, the right one may follow.
 * QN_ERR_FORMAT, QN_ERR_UNSUPPORTED for another version, QN_ERR_CONTEXT if the context is too small or that rule is
 * broken, QN_ERR_ARGUMENT for a wrong offset, another model or another type of KV cache. The error's offset is in the
 * saved session. */
int32_t qn_session_restore(qn_session *session, uint64_t offset, const void *bytes, size_t count);

/* A new session with the same context, batch, tokens, KV cache, logits and sampler, as if the session had been saved
 * and restored. The host owns it. Null on errors, as for qn_session_save. */
qn_session *qn_session_fork(const qn_session *session);

/* ---- sampling ------------------------------------------------------------------------------------------- */

/* Settings of the sampler, with their defaults. They apply in this order: logit biases, penalties, top-k, top-p, min-p,
 * temperature, random draw. */
struct qn_sampling {
    float temperature;       /* 0.8; <= 0 takes the largest logit; among equal logits, the lowest id */
    float top_p;             /* 0.95, in [0, 1]; 1 disables it */
    float min_p;             /* 0.05, in [0, 1]; 0 disables it */
    float repeat_penalty;    /* 1, above 0; 1 disables it. Divides positive and multiplies negative logits */
    float frequency_penalty; /* 0: subtracted once per occurrence */
    float presence_penalty;  /* 0: subtracted once if the token occurs */
    int32_t top_k;           /* 40; <= 0 disables it */
    int32_t penalty_last_n;  /* 64: how many tokens the penalties look back on; 0: none, -1: all */
    uint64_t seed;           /* 0: a seed like any other */
};
/* A number that is added to the logit of one token. */
struct qn_bias {
    int32_t id;
    float bias; /* -infinity forbids the token */
};

/* Fills in the defaults. */
void qn_sampling_default(struct qn_sampling *sampling);

enum qn_sampling_field {
    QN_SAMPLING_TEMPERATURE = 1,     /* general.sampling.temp */
    QN_SAMPLING_TOP_P = 2,           /* general.sampling.top_p */
    QN_SAMPLING_MIN_P = 4,           /* general.sampling.min_p */
    QN_SAMPLING_REPEAT_PENALTY = 8,  /* general.sampling.penalty_repeat */
    QN_SAMPLING_TOP_K = 16,          /* general.sampling.top_k */
    QN_SAMPLING_PENALTY_LAST_N = 32, /* general.sampling.penalty_last_n */
    QN_SAMPLING_OTHER = 64           /* general.sampling.mirostat, xtc_probability or sequence: not supported */
};
/* Fills in the settings that the model's file recommends, and the defaults where it recommends none. Returns the
 * qn_sampling_field bits of what the file recommends. New sessions do not use them by themselves: pass them to
 * qn_session_sampling. QN_ERR_FORMAT if a key has the wrong type or is out of range; *sampling then has the defaults.
 */
int32_t qn_model_sampling(const qn_model *model, struct qn_sampling *sampling);

/* Sets the sampler, copies biases[count] and restarts the random sequence from the seed. biases may be null if count is
 * 0. QN_ERR_ARGUMENT for a setting out of range or a bias for an id outside the vocabulary; the sampler is then
 * unchanged. */
int32_t qn_session_sampling(qn_session *session, const struct qn_sampling *sampling, const struct qn_bias *biases,
                            size_t count);

/* Draws a token from the last row of logits and returns it. The logits stay as they are, and the token is not fed.
 * QN_ERR_STATE if there is no row. */
int32_t qn_session_sample(qn_session *session);

/* ---- grammars ------------------------------------------------------------------------------------------- */

/* Which texts a session may write: the JSON values of a schema, the texts of a GBNF grammar, or those that a regular
 * expression matches as a whole. */
typedef struct qn_grammar qn_grammar;

enum qn_notation {
    QN_NOTATION_JSON_SCHEMA = 0, /* draft 2020-12 */
    QN_NOTATION_GBNF = 1,        /* as llama.cpp documents it; <name> and <[id]> are tokens of the vocabulary */
    QN_NOTATION_REGEX = 2        /* ECMA-262, without look-around and back-references */
};
enum qn_grammar_flag {
    QN_GRAMMAR_WHITE_SPACE = 1,  /* JSON Schema: allow up to 40 bytes of white space between JSON tokens, not none */
    QN_GRAMMAR_IGNORE_FORMAT = 2 /* JSON Schema: `format` only describes */
};
/* Compiles a grammar. notation: a qn_notation; flags: qn_grammar_flag bits. A keyword or construct that cannot be
 * enforced is an error, never ignored. Members of JSON objects come in the order of the schema's `properties`. model
 * may be null: the grammar then only serves qn_grammar_accepts.
 *
 * The host owns the grammar until qn_grammar_free. Sessions that follow it keep it alive, so it may be freed as soon as
 * it has been given to a session. Several sessions may follow one grammar, which saves time: what it learns about the
 * vocabulary, it keeps. A grammar takes at most 64 MiB while it is compiled and used, 32 MiB more for masks, and 64 MiB
 * for each session; the first mask of a model builds a trie of its tokens, of about 13 bytes for each token.
 *
 * Compiling, and each token of a session, has a limit of 800,000 steps. Hostile grammars reached it within 7 to 117 ms
 * in Node (bench/masks/hostile.mjs). A grammar that reaches it fails for good. Null: QN_ERR_ARGUMENT with the offset in
 * the text; for a schema, the error's text has the form "/json/pointer/keyword: reason" instead; also if the vocabulary
 * lacks a token that is named; QN_ERR_LIMIT.
 */
qn_grammar *qn_grammar_new(qn_model *model, uint32_t notation, const char *text, size_t bytes, uint32_t flags);

/* Frees a grammar; null is allowed. */
void qn_grammar_free(qn_grammar *grammar);

/* 1 if the grammar accepts no text at all, as the schema false, else 0. */
int32_t qn_grammar_is_empty(const qn_grammar *grammar);

/* 1 if the grammar accepts this text, else 0. QN_ERR_LIMIT. */
int32_t qn_grammar_accepts(qn_grammar *grammar, const char *text, size_t bytes);

/* Makes the tokens that follow those fed so far write a text of the grammar, instead of an earlier one. ids[count] are
 * tokens with which the text has begun already, such as the start of an answer that is in the prompt; normally none.
 * null for the grammar ends the constraint.
 *
 * From now on qn_session_sample draws as if the tokens that the grammar does not allow did not exist: all settings of
 * the sampler apply to the others only. The logits stay as they are. Tokens that end generation are allowed where the
 * text may end, control tokens only where the grammar names them. The grammar reads the tokens that are fed, wherever
 * they come from. After a token that it does not allow, qn_session_sample and the functions below return QN_ERR_STATE
 * until the session is rewound to before that token, or constrained again.
 *
 * A rewind takes the grammar back with it, and a fork continues at the same place on its own. A saved session does not
 * hold the grammar. After restoring it, or after going back to before the start of the text (which qn_session_embed
 * does too), the functions return QN_ERR_STATE until this is called: with the tokens of the text so far, or with null.
 *
 * QN_ERR_ARGUMENT if the grammar was made for another model or accepts no text, or if ids do not follow it; the session
 * is then unchanged. QN_ERR_LIMIT. */
int32_t qn_session_constrain(qn_session *session, qn_grammar *grammar, const int32_t *ids, size_t count);

enum qn_constraint_state {
    QN_CONSTRAINED = 1, /* the session follows a grammar */
    QN_COMPLETE = 2,    /* the text may end here */
    QN_FINISHED = 4     /* nothing can follow but the end */
};
/* The qn_constraint_state bits after the session's tokens; 0 without a grammar. */
int32_t qn_session_constraint(qn_session *session);

/* Forced tokens. Where a grammar leaves only one way to go on, such as in the names of a schema's properties, the next
 * tokens are certain: those that the tokenizer itself makes of this text, up to where the model's next choice could
 * change them. Fills ids[capacity] and returns their count, 0 where the model chooses. If nothing can follow but the
 * end, the last of them is a token that ends generation.
 *
 * qn_session_sample returns these tokens as well, one after another, without drawing. A host can therefore feed them
 * together, which gives the same text, tokens and logits, and takes much less time. */
int64_t qn_session_forced(qn_session *session, int32_t *ids, size_t capacity);

/* The tokens that the grammar allows next: fills words[capacity] with a bit for each token, id i in bit i % 32 of word
 * i / 32, and returns the number of words, 0 without a grammar. QN_ERR_UNSUPPORTED if the vocabulary has no token that
 * goes on. qn_session_sample makes the same mask itself. */
int64_t qn_session_mask(qn_session *session, uint32_t *words, size_t capacity);

/* ---- threads -------------------------------------------------------------------------------------------- */

/* Only the threaded modules (QN_FEATURE_THREADS) use more than one thread. Results do not depend on the number. To
 * start n threads, n - 1 of them workers:
 *   1. Instantiate the module on a shared memory. All calls but qn_worker_enter go to this instance, from a thread that
 *      may block (not the main thread of a web page).
 *   2. Call qn_threads_start(n) before creating a session.
 *   3. For each worker 1 <= i < n, start a thread, instantiate the module there on the same memory, and call
 *      qn_worker_enter(i, qn_worker_stack(i)). Ask for the stack in the first instance.
 * All n threads take part in the steps from then on, until qn_threads_use says otherwise. The first step waits for
 * every worker to enter. */

/* Prepares for `threads` threads, the calling one included. QN_ERR_ARGUMENT unless 1 <= threads <= 32, or if threads
 * are running already; QN_ERR_UNSUPPORTED for more than 1 in a single-threaded module or natively. */
int32_t qn_threads_start(uint32_t threads);

/* From now on only `threads` of the started threads take part; the others sleep. Call it between steps, as often as
 * wanted: a host can measure which number is fastest. Waits until the change has taken effect. QN_ERR_ARGUMENT unless
 * 1 <= threads <= the number that was started; QN_ERR_UNSUPPORTED as for qn_threads_start. */
int32_t qn_threads_use(uint32_t threads);

/* The top of a worker's stack, to be passed to qn_worker_enter; null for a worker that was not started. */
void *qn_worker_stack(uint32_t worker);

/* Call this in the worker's own instance and thread. It works until qn_threads_stop, then returns. */
void qn_worker_enter(uint32_t worker, void *stack);

/* Makes the workers return, and waits until they have. Sessions must have been freed. Threads can be started again
 * later. */
void qn_threads_stop(void);

#ifdef __cplusplus
}
#endif

#endif
