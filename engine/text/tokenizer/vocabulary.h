/* The vocabulary of a model: tokens, merges, special tokens and settings. Token texts stay in the file's bytes. */
#ifndef ENGINE_TEXT_TOKENIZER_VOCABULARY_H
#define ENGINE_TEXT_TOKENIZER_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/text/tokenizer/prefix_search.h"
#include "engine/text/tokenizer/pretokenizer.h"
#include "engine/text/tokenizer/string_table.h"
#include "engine/text/tokenizer/token_type.h"
#include "gguf/gguf.h"

enum vocabulary_kind {
    VOCABULARY_BPE,     /* tokenizer.ggml.model gpt2, gemma4, whitespace: byte-pair encoding */
    VOCABULARY_SPM,     /* llama: SentencePiece, merged by scores */
    VOCABULARY_WPM,     /* bert: WordPiece */
    VOCABULARY_UNIGRAM, /* t5: SentencePiece, the most probable pieces */
};

#define MAX_ENDS 64
/* Longest token of a WordPiece or unigram vocabulary, in bytes: bounds the work for each byte of text. */
#define MAX_PIECE 1024u

/* The special tokens of one length. */
struct special_group {
    uint32_t bytes;
    uint32_t user_starts[8];    /* one bit for each first byte of a user-defined token */
    uint32_t control_starts[8]; /* of a control or unknown token */
};

/* The normalization of a unigram tokenizer: which bytes are replaced by which. This is SentencePiece's
 * precompiled_charsmap, a compact double array (Kanda et al. 2017). Its bytes may be hostile: an index outside of it
 * ends a search. */
struct charsmap {
    const uint8_t *nodes; /* (n_nodes) u32, little-endian, unaligned */
    uint32_t n_nodes;
    const uint8_t *texts; /* (text_bytes) replacements; each ends with a zero or at the end */
    size_t text_bytes;
};

struct vocabulary {
    enum vocabulary_kind kind;
    struct strings tokens;
    struct string_index token_index;
    struct strings merges; /* "left right", best first; BPE only */
    struct string_index merge_index;
    const uint8_t *types;               /* (n_tokens) enum token_type and token_flag */
    const struct gguf_value *scores;    /* (n_tokens) f32 or i32; null: all 0 */
    const struct special_group *groups; /* (n_groups) longest first */
    uint32_t n_groups;
    const struct pretokenizer *pretokenizer; /* BPE only, otherwise null */
    struct sorted_texts pieces;              /* WordPiece and unigram: the tokens that words consist of */
    struct sorted_texts user_defined;        /* unigram only */
    struct charsmap charsmap;                /* unigram only; may be empty */
    double unknown_score;                    /* unigram only */
    bool merges_spaces;                      /* unigram: a run of spaces becomes one space */
    bool drops_spaces;                       /* BPE: white space is not part of any word */
    bool lower_case;                         /* WordPiece, and BPE that drops spaces */
    bool strips_accents;                     /* WordPiece */
    bool add_space_prefix;
    bool add_bos;
    bool add_eos;
    int32_t bos, eos, unknown; /* -1: none */
    int32_t last;              /* what add_eos adds: eos, or WordPiece's separator */
    int32_t ends[MAX_ENDS];    /* (n_ends) ids that end generation */
    uint32_t n_ends;
    int32_t byte_ids[256]; /* tokens for bytes that are in no other token; -1: none */
};

size_t vocabulary_size(const struct vocabulary *vocabulary);
/* The token's text as it is in the file: byte-level BPE texts are in their printable form. id < size. */
struct gguf_text vocabulary_text(const struct vocabulary *vocabulary, int32_t id);
enum token_type vocabulary_type(const struct vocabulary *vocabulary, int32_t id);
/* tokenizer.ggml.bos_token_id and eos_token_id; -1 if there is none. */
int32_t vocabulary_bos(const struct vocabulary *vocabulary);
int32_t vocabulary_eos(const struct vocabulary *vocabulary);
bool vocabulary_adds_bos(const struct vocabulary *vocabulary);
bool vocabulary_adds_eos(const struct vocabulary *vocabulary);
/* Whether the token ends generation: eos, eot, eom and others. Accepts any number as an id. */
bool vocabulary_is_end(const struct vocabulary *vocabulary, int32_t id);

/* The token of this text, the one with the lowest id if there are several; -1 if there is none. */
int32_t vocabulary_find(const struct vocabulary *vocabulary, const uint8_t *text, size_t bytes);
/* The same with the text's hash (text_hash). */
int32_t vocabulary_find_hashed(const struct vocabulary *vocabulary, const uint8_t *text, size_t bytes, uint32_t hash);
/* The rank of a merge; lower ranks merge first. NOT_FOUND if left and right do not merge. */
uint32_t vocabulary_rank(const struct vocabulary *vocabulary, const uint8_t *left, size_t left_bytes,
                         uint32_t left_hash, const uint8_t *right, size_t right_bytes, uint32_t right_hash);
float vocabulary_score(const struct vocabulary *vocabulary, int32_t id);
/* The byte of a byte token, whose text is <0xNN>; -1 for other texts. */
int vocabulary_byte(const struct vocabulary *vocabulary, int32_t id);

#endif
