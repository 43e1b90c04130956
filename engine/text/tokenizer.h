/* What the files of the tokenizer share: the vocabulary's insides and the steps of encoding. */
#ifndef ENGINE_TEXT_TOKENIZER_H
#define ENGINE_TEXT_TOKENIZER_H

#include "engine/text/pretokenizer.h"
#include "engine/text/text_index.h"
#include "engine/text/vocabulary.h"

enum vocabulary_kind {
    VOCABULARY_BPE,     /* gpt2, gemma4, whitespace */
    VOCABULARY_SPM,     /* llama: SentencePiece, merged by scores */
    VOCABULARY_WPM,     /* bert: WordPiece */
    VOCABULARY_UNIGRAM, /* t5: SentencePiece, the most probable pieces */
};

enum token_flag { /* beside enum token_type in vocabulary.types */
                  TOKEN_TYPE_MASK = 7,
                  TOKEN_STRIPS_LEFT = 8,   /* swallows white space before it */
                  TOKEN_STRIPS_RIGHT = 16, /* and after it */
                  TOKEN_GUARDED = 32       /* user-defined, but not to be parsed out of a message's text */
};

#define MAX_ENDS 64

/* Special tokens of one length. */
struct special_group {
    uint32_t bytes;
    uint32_t user_starts[8];    /* a bit for each first byte of a user-defined one */
    uint32_t control_starts[8]; /* of a control or unknown one */
};

/* Texts in order, to be followed byte by byte. */
struct prefixes {
    const struct strings *strings;
    const uint32_t *order; /* (count) */
    uint32_t count;
};
/* The texts that begin with some bytes: order[low] to order[high - 1]. */
struct prefix {
    uint32_t low, high;
    uint32_t bytes;
};
/* Takes those of the texts whose types have a bit in `types` (1 << enum token_type); none are empty. */
bool prefixes_new(struct prefixes *prefixes, const struct strings *strings, const uint8_t *types, unsigned of_types,
                  struct arena *arena);
static inline struct prefix prefix_start(const struct prefixes *prefixes) {
    return (struct prefix){0, prefixes->count, 0};
}
/* Goes on to those that have `byte` next; false when there is none. */
bool prefix_step(const struct prefixes *prefixes, struct prefix *prefix, uint8_t byte);
/* The text that is no longer than the prefix; -1 when there is none. */
int32_t prefix_whole(const struct prefixes *prefixes, const struct prefix *prefix);

/* A unigram tokenizer's normalisation: which bytes are replaced by which. A compact double array (Kanda et al. 2017) as
 * SentencePiece writes it, from hostile bytes: what points outside ends a search. */
struct charsmap {
    const uint8_t *nodes; /* (n_nodes) u32, little-endian, unaligned */
    uint32_t n_nodes;
    const uint8_t *texts; /* (text_bytes), each ends with a zero or at the end */
    size_t text_bytes;
};

/* Longest token of a WPM or unigram vocabulary: bounds the work for each byte of a text. */
#define MAX_PIECE 1024u

struct vocabulary {
    enum vocabulary_kind kind;
    struct strings tokens;
    struct text_index token_index;
    struct strings merges; /* "left right", best first; BPE only */
    struct text_index merge_index;
    const uint8_t *types;               /* (n_tokens) enum token_type and token_flag */
    const struct gguf_value *scores;    /* (n_tokens) f32 or i32; null: all 0 */
    const struct special_group *groups; /* (n_groups), longest first */
    uint32_t n_groups;
    const struct pretokenizer *pretokenizer; /* BPE only, else null */
    struct prefixes pieces;                  /* WPM and unigram: what words are made of */
    struct prefixes user_defined;            /* unigram only */
    struct charsmap charsmap;                /* unigram only; may be empty */
    double unknown_score;                    /* unigram only */
    bool merges_spaces;                      /* unigram: runs of spaces become one */
    bool drops_spaces;                       /* BPE: white space is no part of any word */
    bool lower_case;                         /* WPM, and BPE that drops spaces */
    bool strips_accents;                     /* WPM */
    bool add_space_prefix;
    bool add_bos;
    bool add_eos;
    int32_t bos, eos, unknown; /* -1: none */
    int32_t last;              /* what add_eos adds: eos, or a WPM's separator */
    int32_t ends[MAX_ENDS];    /* ids that end generation */
    uint32_t n_ends;
    int32_t byte_ids[256]; /* tokens for bytes that are in no other token; -1: none */
};

/* -1 when there is no such token. */
int32_t vocabulary_find(const struct vocabulary *vocabulary, const uint8_t *text, size_t bytes);
int32_t vocabulary_find_hashed(const struct vocabulary *vocabulary, const uint8_t *text, size_t bytes, uint32_t hash);
/* NOT_FOUND when left and right do not merge; lower is merged first. */
uint32_t vocabulary_rank(const struct vocabulary *vocabulary, const uint8_t *left, size_t left_bytes,
                         uint32_t left_hash, const uint8_t *right, size_t right_bytes, uint32_t right_hash);
float vocabulary_score(const struct vocabulary *vocabulary, int32_t id);
/* Of a byte token: 0..255. */
int vocabulary_byte(const struct vocabulary *vocabulary, int32_t id);

/* A special id; *id is its default, and stays when there is no such key. -1 where the default is out of range. */
int vocabulary_read_id(const struct vocabulary *vocabulary, const struct gguf *gguf, const char *key, int32_t *id,
                       struct qn_error *error);

/* A switch; *value is its default. */
int vocabulary_read_bool(const struct gguf *gguf, const char *key, bool *value, struct qn_error *error);

/* special.c: types that texts override, the ids that end generation, and the groups. */
int special_tokens(struct vocabulary *vocabulary, uint8_t *types, const struct gguf *gguf, struct arena *arena,
                   struct qn_error *error);

struct fragment {
    struct fragment *next;
    size_t start; /* in the text */
    size_t bytes;
    int32_t id; /* of a special token; -1: text to encode */
};
/* partition.c: cuts a text at its special tokens. Null when the arena has no memory or the text is empty: *ok says. */
struct fragment *partition(const struct vocabulary *vocabulary, const uint8_t *text, size_t bytes,
                           const uint8_t *untrusted, bool parse_special, struct arena *scratch, bool *ok);

struct token_sink {
    int32_t *ids; /* (capacity) */
    size_t capacity;
    size_t count; /* may pass capacity: the rest is left out */
};
void token_put(struct token_sink *sink, int32_t id);

/* A stretch of text that is, or becomes, one token. */
struct symbol {
    uint32_t start, bytes;   /* in merger.text; 0 bytes: merged into the one before */
    uint32_t previous, next; /* NOT_FOUND at the ends */
    uint32_t hash;
};

/* merge.c: joins neighbours, best first, until no pair is left. */
struct merger {
    const struct vocabulary *vocabulary;
    struct arena *scratch;
    bool guards;            /* some text came from a message: merging makes no special token either */
    uint8_t *text;          /* (text_room) */
    struct symbol *symbols; /* (room) */
    uint32_t *keys;         /* (room) of the pair of symbol i and its next: the lowest merges first */
    uint32_t *tree;         /* (room) winners of a tournament over the keys */
    size_t text_room;
    size_t room;
    size_t text_bytes;
    size_t count; /* of symbols */
};
/* Room for a text and its symbols, fewer than 2^31 of each; what the merger held is lost. False: no memory. */
bool merger_reserve(struct merger *merger, size_t text_bytes, size_t symbols);
/* Adds the next `bytes` of merger.text, there already, as a symbol. */
void merger_add(struct merger *merger, size_t bytes);
void merger_run(struct merger *merger);
/* Whether the token is one that the text may not become. */
bool merger_bars(const struct merger *merger, int32_t id);

/* Text to tokens, without special ones. False: no memory. */
bool encode_spm(struct merger *merger, const uint8_t *text, size_t bytes, bool space_prefix, struct token_sink *sink);
bool encode_bpe(struct merger *merger, const uint8_t *text, size_t bytes, struct token_sink *sink);
bool encode_wpm(struct merger *merger, const uint8_t *text, size_t bytes, struct token_sink *sink);
bool encode_unigram(struct merger *merger, const uint8_t *text, size_t bytes, struct token_sink *sink);
/* The settings of those two, before special_tokens changes types. */
int wpm_read(struct vocabulary *vocabulary, const struct gguf *gguf, struct arena *arena, struct qn_error *error);
int unigram_read(struct vocabulary *vocabulary, const struct gguf *gguf, struct arena *arena, struct qn_error *error);

#endif
