/* Which tokens are special. If the metadata does not say, the tokens' texts decide; the lists of texts are those of
 * llama.cpp's llama_vocab::impl::load. */
#include "engine/text/tokenizer/special_tokens.h"

#define KEY TOKENIZER_KEY

/* Tokens with these texts end generation. They become control tokens. */
static const char *const end_texts[] = {"<|eot_id|>",
                                        "<|im_end|>",
                                        "<|end|>",
                                        "<|return|>",
                                        "<|call|>",
                                        "<|flush|>",
                                        "<|calls|>",
                                        "<end_of_turn>",
                                        "<|endoftext|>",
                                        "</s>",
                                        "<|eom_id|>",
                                        "<EOT>",
                                        "_<EOT>",
                                        "[EOT]",
                                        "[EOS]",
                                        "<|end_of_text|>",
                                        "<end_of_utterance>",
                                        "<eos>",
                                        "<turn|>",
                                        "<|tool_response>",
                                        "<｜end▁of▁sentence｜>",
                                        "[e~["};

/* Roles of tokens. A key names the token. Without the key it is the first of the texts that is in the vocabulary; it
 * becomes a control token. */
static const struct role {
    const char *key, *old_key; /* an older name of the key */
    bool ends;                 /* whether the token ends generation */
    const char *texts[8];
} roles[] = {
    {KEY "fim_pre_token_id",
     KEY "prefix_token_id",
     false,
     {"<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>", "<|code_prefix|>",
      "<|prefix|>"}},
    {KEY "fim_suf_token_id",
     KEY "suffix_token_id",
     false,
     {"<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>", "<|code_suffix|>",
      "<|suffix|>"}},
    {KEY "fim_mid_token_id",
     KEY "middle_token_id",
     false,
     {"<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>", "<|code_middle|>",
      "<|middle|>"}},
    {KEY "fim_pad_token_id", NULL, true, {"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"}},
    {KEY "fim_rep_token_id", NULL, true, {"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"}},
    {KEY "fim_sep_token_id", NULL, true, {"<|file_sep|>"}},
    {KEY "eot_token_id", NULL, true, {NULL}}, /* their texts are in end_texts */
    {KEY "eom_token_id", NULL, true, {NULL}},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
_Static_assert(COUNT(end_texts) + COUNT(roles) + 1 <= MAX_ENDS, "ends[] holds every end");

static int32_t find(const struct vocabulary *v, const char *text) {
    return vocabulary_find(v, (const uint8_t *)text, strlen(text));
}

static void set_type(uint8_t *types, int32_t id, unsigned type) {
    types[id] = (uint8_t)((types[id] & ~TOKEN_TYPE_MASK) | type);
}

static void add_end(struct vocabulary *v, int32_t id) {
    if (id >= 0 && !vocabulary_is_end(v, id)) {
        v->ends[v->n_ends++] = id;
    }
}

static void remove_end(struct vocabulary *v, int32_t id) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < v->n_ends; i++) {
        if (v->ends[i] != id) {
            v->ends[kept++] = v->ends[i];
        }
    }
    v->n_ends = kept;
}

static bool is_end_text(const struct vocabulary *v, const char *text) { return vocabulary_is_end(v, find(v, text)); }

static void read_role(struct vocabulary_reader *r, const struct role *role) {
    struct vocabulary *v = r->vocabulary;
    int32_t found = -1;
    read_id(r, role->key, &found);
    if (found < 0 && role->old_key) {
        read_id(r, role->old_key, &found);
    }
    if (r->status != QN_OK) {
        return;
    }
    for (size_t i = 0; found < 0 && i < COUNT(role->texts) && role->texts[i]; i++) {
        found = find(v, role->texts[i]);
        if (found >= 0) {
            set_type(r->types, found, TOKEN_CONTROL);
        }
    }
    if (role->ends) {
        add_end(v, found);
    }
}

/* Corrects tokens whose texts mean something else in some model families. */
static void correct_families(struct vocabulary *v, uint8_t *types) {
    static const char *const harmony[] = {"<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"};
    for (size_t i = 0; i < COUNT(harmony); i++) { /* gpt-oss: visible in its output */
        const int32_t id = find(v, harmony[i]);
        if (id >= 0) {
            set_type(types, id, TOKEN_USER_DEFINED);
        }
    }
    const bool calls = is_end_text(v, "<|call|>") || is_end_text(v, "<|calls|>");
    const int32_t end = find(v, "<|end|>");
    if (calls && vocabulary_is_end(v, end) && (is_end_text(v, "<|return|>") || is_end_text(v, "<|flush|>"))) {
        remove_end(v, end); /* gpt-oss, solar-open: it ends a part of an answer, not the answer */
        set_type(types, end, TOKEN_USER_DEFINED);
    }
    const int32_t s = find(v, "</s>");
    if (vocabulary_is_end(v, s) && (is_end_text(v, "<|tool_response>") || is_end_text(v, "<|plamo:eos|>"))) {
        remove_end(v, s); /* in Gemma 4 it is an HTML tag */
        set_type(types, s, TOKEN_NORMAL);
    }
}

/* Whether the text contains `part`, which is in lower case, in any case. */
static bool contains(struct gguf_text text, const char *part) {
    const size_t bytes = strlen(part);
    for (size_t i = 0; text.bytes >= bytes && i <= text.bytes - bytes; i++) {
        size_t same = 0;
        while (same < bytes &&
               (text.at[i + same] | (text.at[i + same] >= 'A' && text.at[i + same] <= 'Z' ? 32 : 0)) == part[same]) {
            same++;
        }
        if (same == bytes) {
            return true;
        }
    }
    return false;
}

static struct gguf_text optional_text(const struct gguf *gguf, const char *key) {
    struct gguf_text text = {"", 0};
    struct qn_error ignored;
    gguf_text(gguf, key, &text, &ignored);
    return text;
}

/* Marks the tokens that remove white space next to them. Files do not say which; the names of models do. */
static void mark_stripping(struct vocabulary *v, uint8_t *types, const struct gguf *gguf) {
    const struct gguf_text pre = optional_text(gguf, KEY "pre");
    const struct gguf_text architecture = optional_text(gguf, "general.architecture");
    const struct gguf_text name = optional_text(gguf, "general.name");
    int32_t mask = -1;
    if (contains(pre, "jina-v2-de") || contains(pre, "jina-v2-es") || contains(pre, "jina-v2-code") ||
        contains(architecture, "nomic-bert-moe") || contains(architecture, "jina-bert-v3")) {
        mask = find(v, "<mask>");
    } else if (contains(name, "phi-3") || contains(name, "phi3")) {
        static const char *const plain[] = {"<unk>", "<s>", "<|endoftext|>"};
        for (uint32_t i = 0; i < v->tokens.count; i++) {
            types[i] |= TOKEN_STRIPS_RIGHT; /* only matters for special tokens */
        }
        for (size_t i = 0; i < COUNT(plain); i++) {
            const int32_t id = find(v, plain[i]);
            if (id >= 0) {
                types[id] &= (uint8_t)~TOKEN_STRIPS_RIGHT;
            }
        }
    } else if (contains(name, "modern-bert")) {
        mask = find(v, "[MASK]");
    }
    if (mask >= 0) {
        types[mask] |= TOKEN_STRIPS_LEFT;
    }
}

/* Whether a user-defined token should be treated as a control token in untrusted text. Files mark tokens such as
 * <|USER_TOKEN|> as user-defined, and correct_families does so for gpt-oss. They look like <|this|>, <|this> or
 * <this|>, with an ASCII or full-width bar. */
static bool looks_like_control(struct gguf_text text) {
    static const char wide_bar[3] = {'\xef', '\xbd', '\x9c'};
    const char *end = text.at + text.bytes;
    if (text.bytes < 3 || text.at[0] != '<' || end[-1] != '>') {
        return false;
    }
    return text.at[1] == '|' || end[-2] == '|' ||
           (text.bytes >= 5 && (memcmp(text.at + 1, wide_bar, 3) == 0 || memcmp(end - 4, wide_bar, 3) == 0));
}

static bool is_special(const struct vocabulary *v, uint32_t id) {
    const unsigned type = v->types[id] & TOKEN_TYPE_MASK;
    return (type == TOKEN_CONTROL || type == TOKEN_UNKNOWN || type == TOKEN_USER_DEFINED) &&
           strings_at(&v->tokens, id).bytes != 0;
}

/* Sorts numbers in descending order. Heapsort, because a hostile file may choose the numbers: it takes O(n log n) for
 * any input. */
static void sort_descending(uint32_t *numbers, size_t count) {
    for (size_t start = count / 2, end = count; end > 1;) {
        if (start) {
            start--;
        } else {
            const uint32_t least = numbers[0];
            end--;
            numbers[0] = numbers[end];
            numbers[end] = least;
        }
        const uint32_t moved = numbers[start];
        size_t at = start;
        for (size_t child = 2 * at + 1; child < end; child = 2 * at + 1) { /* a min-heap */
            child += child + 1 < end && numbers[child + 1] < numbers[child];
            if (numbers[child] >= moved) {
                break;
            }
            numbers[at] = numbers[child];
            at = child;
        }
        numbers[at] = moved;
    }
}

static bool make_groups(struct vocabulary *v, uint8_t *types, struct arena *arena) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < v->tokens.count; i++) {
        count += is_special(v, i);
    }
    uint32_t *lengths = ARENA_ARRAY(arena, uint32_t, count + 1);
    if (lengths == NULL) {
        return false;
    }
    count = 0;
    for (uint32_t i = 0; i < v->tokens.count; i++) {
        if (is_special(v, i)) {
            lengths[count++] = (uint32_t)strings_at(&v->tokens, i).bytes;
        }
    }
    sort_descending(lengths, count);
    uint32_t distinct = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (i == 0 || lengths[i] != lengths[i - 1]) {
            lengths[distinct++] = lengths[i];
        }
    }
    struct special_group *groups = ARENA_ARRAY(arena, struct special_group, distinct + 1);
    if (groups == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < distinct; i++) {
        groups[i].bytes = lengths[i];
    }
    for (uint32_t i = 0; i < v->tokens.count; i++) {
        if (!is_special(v, i)) {
            continue;
        }
        const struct gguf_text text = strings_at(&v->tokens, i);
        const uint8_t first = (uint8_t)text.at[0];
        uint32_t low = 0;
        for (uint32_t high = distinct; high - low > 1;) { /* the group with the token's length */
            const uint32_t middle = (low + high) / 2;
            if (lengths[middle] >= text.bytes) {
                low = middle;
            } else {
                high = middle;
            }
        }
        if ((types[i] & TOKEN_TYPE_MASK) == TOKEN_USER_DEFINED) {
            groups[low].user_starts[first / 32] |= 1u << first % 32;
            types[i] |= looks_like_control(text) ? TOKEN_GUARDED : 0;
        } else {
            groups[low].control_starts[first / 32] |= 1u << first % 32;
        }
    }
    v->groups = groups;
    v->n_groups = distinct;
    return true;
}

void special_tokens(struct vocabulary_reader *r) {
    struct vocabulary *v = r->vocabulary;
    for (size_t i = 0; i < COUNT(roles); i++) {
        read_role(r, &roles[i]);
    }
    for (size_t i = 0; i < COUNT(end_texts); i++) {
        const int32_t id = find(v, end_texts[i]);
        if (id >= 0) {
            add_end(v, id);
            set_type(r->types, id, TOKEN_CONTROL);
        }
    }
    add_end(v, v->eos);
    correct_families(v, r->types);
    mark_stripping(v, r->types, r->gguf);
    if (!make_groups(v, r->types, r->arena)) {
        read_no_memory(r);
    }
}
