/* Tokens to text: streaming releases whole characters however tokens split them, and buffers may be too small. */
#include "tests/engine/text/tokenizer/vocabulary_builder.h"

#include <stdio.h>

/* "a€🙂é", split into SPM tokens at every position. A token's text is its bytes. */
static const char text[] = "a\xe2\x82\xac\xf0\x9f\x99\x82\xc3\xa9";
#define LENGTH (sizeof(text) - 1)

static int32_t piece_id[LENGTH][LENGTH + 1]; /* of text[from..to) */

static void load_pieces(struct loaded *l) {
    static char pieces[LENGTH * LENGTH][LENGTH + 1];
    static const char *tokens[LENGTH * LENGTH];
    size_t n = 0;
    for (size_t from = 0; from < LENGTH; from++) {
        for (size_t to = from + 1; to <= LENGTH; to++) {
            snprintf(pieces[n], sizeof(pieces[n]), "%.*s", (int)(to - from), text + from);
            size_t same = 0;
            while (strcmp(pieces[same], pieces[n]) != 0) {
                same++;
            }
            piece_id[from][to] = (int32_t)same;
            tokens[n] = pieces[n];
            n += same == n;
        }
    }
    struct file f = {0};
    file_text(&f, KEY "model", "llama"), file_bool(&f, KEY "add_space_prefix", 0);
    file_texts(&f, KEY "tokens", n, tokens);
    load(l, &f);
    assert_non_null(l->vocabulary);
}

static int starts_character(char c) { return ((uint8_t)c & 0xc0) != 0x80; }

static void releases_only_whole_characters(void **state) {
    (void)state;
    struct loaded l;
    load_pieces(&l);
    for (unsigned cuts = 0; cuts < 1u << (LENGTH - 1); cuts++) { /* bit i: split after byte i */
        struct qn_decoder decoder = {0};
        size_t given = 0;
        size_t from = 0;
        for (size_t to = 1; to <= LENGTH; to++) {
            if (to < LENGTH && !(cuts >> (to - 1) & 1)) {
                continue;
            }
            char piece[32];
            const int64_t n = vocabulary_piece(l.vocabulary, &decoder, piece_id[from][to], 0, piece, sizeof(piece));
            assert_memory_equal(piece, text + given, (size_t)n);
            given += (size_t)n;
            assert_true(given == LENGTH || starts_character(text[given]));
            size_t whole = to; /* every complete character has been released */
            while (whole < LENGTH && !starts_character(text[whole])) {
                whole--;
            }
            assert_true(given >= whole || to == whole);
            from = to;
        }
        assert_int_equal(given, LENGTH);
        assert_int_equal(vocabulary_piece(l.vocabulary, &decoder, -1, 0, NULL, 0), 0);
    }
    loaded_free(&l);
}

static void flushes_incomplete_characters(void **state) {
    (void)state;
    struct loaded l;
    char piece[8];
    struct qn_decoder decoder = {0};
    load_pieces(&l);
    assert_int_equal(vocabulary_piece(l.vocabulary, &decoder, piece_id[4][7], 0, piece, 8), 0); /* 3 bytes of 4 */
    assert_int_equal(vocabulary_piece(l.vocabulary, &decoder, -1, 0, piece, 8), 3);
    assert_memory_equal(piece, "\xef\xbf\xbd", 3);
    assert_int_equal(vocabulary_piece(l.vocabulary, &decoder, -1, 0, piece, 8), 0);
    assert_int_equal(vocabulary_piece(l.vocabulary, &decoder, piece_id[0][1], 0, piece, 8), 1);
    loaded_free(&l);
}

static void repeats_a_piece_that_did_not_fit(void **state) {
    (void)state;
    struct loaded l;
    struct qn_decoder decoder = {0};
    char piece[16] = "----------------";
    load_pieces(&l);
    assert_int_equal(vocabulary_piece(l.vocabulary, &decoder, piece_id[1][2], 0, NULL, 0), 0);
    const struct qn_decoder before = decoder;
    assert_int_equal(vocabulary_piece(l.vocabulary, &decoder, piece_id[2][LENGTH], 0, piece, 5), 9);
    assert_memory_equal(piece, "\xe2\x82\xac\xf0\x9f-", 6);
    assert_memory_equal(&decoder, &before, sizeof(before));
    assert_int_equal(vocabulary_piece(l.vocabulary, &decoder, piece_id[2][LENGTH], 0, piece, 9), 9);
    assert_memory_equal(piece, text + 1, 9);
    assert_int_equal(piece[9], '-');
    loaded_free(&l);
}

static void accepts_any_decoder_state(void **state) {
    (void)state;
    struct loaded l;
    load_pieces(&l);
    for (uint32_t held = 0; held < 12; held++) {
        struct qn_decoder decoder = {.held = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, .held_bytes = held};
        char piece[64];
        const int64_t n = vocabulary_piece(l.vocabulary, &decoder, piece_id[0][LENGTH], 0, piece, sizeof(piece));
        assert_true(n >= (int64_t)LENGTH && n <= 64);
    }
    loaded_free(&l);
}

static void fills_small_buffers_with_the_start(void **state) {
    (void)state;
    struct loaded l;
    load_pieces(&l);
    const int32_t ids[] = {piece_id[0][4], piece_id[4][8], piece_id[8][LENGTH]};
    for (size_t capacity = 0; capacity <= LENGTH; capacity++) {
        char out[LENGTH + 1];
        memset(out, '-', sizeof(out));
        assert_int_equal(vocabulary_detokenize(l.vocabulary, ids, 3, 0, out, capacity), LENGTH);
        assert_memory_equal(out, text, capacity);
        assert_int_equal(out[capacity], '-');
        memset(out, '-', sizeof(out));
        assert_int_equal(vocabulary_bytes(l.vocabulary, piece_id[0][LENGTH], 0, (uint8_t *)out, capacity), LENGTH);
        assert_memory_equal(out, text, capacity);
        assert_int_equal(out[capacity], '-');
    }
    int32_t few[3] = {-7, -7, -7};
    assert_int_equal(ids_of(&l, "aaaaa", 0, few, 2), 5);
    assert_int_equal(few[1], piece_id[0][1]);
    assert_int_equal(few[2], -7);
    assert_int_equal(ids_of(&l, "", QN_PARSE_SPECIAL, NULL, 0), 0);
    loaded_free(&l);
}

static void ignores_invalid_ids(void **state) {
    (void)state;
    static const int32_t ids[] = {-1, INT32_MIN, INT32_MAX, LENGTH * LENGTH};
    struct loaded l;
    struct qn_decoder decoder = {0};
    load_pieces(&l);
    assert_int_equal(vocabulary_detokenize(l.vocabulary, ids, 4, QN_SHOW_SPECIAL, NULL, 0), 0);
    assert_int_equal(vocabulary_piece(l.vocabulary, &decoder, INT32_MAX, 0, NULL, 0), 0);
    loaded_free(&l);
}

static void removes_only_the_first_space(void **state) {
    (void)state;
    struct file f = {0};
    struct loaded l;
    struct qn_decoder decoder = {0};
    char piece[8];
    file_text(&f, KEY "model", "llama");
    file_texts(&f, KEY "tokens", 4,
               (const char *const[]){"<unk>", "<s>", "</s>",
                                     "\xe2\x96\x81"
                                     "a"});
    file_i32s(&f, KEY "token_type", 4, (const int32_t[]){TOKEN_UNKNOWN, TOKEN_CONTROL, TOKEN_CONTROL, TOKEN_NORMAL});
    load(&l, &f);
    assert_non_null(l.vocabulary);
    ASSERT_IDS(&l, "a a", QN_ADD_SPECIAL, 1, 3, 3);
    assert_int_equal(vocabulary_piece(l.vocabulary, &decoder, 3, 0, piece, 8), 1);
    assert_int_equal(vocabulary_piece(l.vocabulary, &decoder, 3, 0, piece + 1, 7), 2);
    assert_memory_equal(piece, "a a", 3);
    assert_int_equal(vocabulary_detokenize(l.vocabulary, (const int32_t[]){3, 3}, 2, 0, piece, 8), 3);
    assert_memory_equal(piece, "a a", 3);
    assert_int_equal(vocabulary_detokenize(l.vocabulary, (const int32_t[]){1, 3}, 2, 0, piece, 8),
                     2); /* as in llama.cpp */
    assert_memory_equal(piece, " a", 2);
    /* A text that is continued keeps its space. */
    assert_int_equal(vocabulary_detokenize(l.vocabulary, (const int32_t[]){3, 3}, 2, QN_CONTINUES, piece, 8), 4);
    assert_memory_equal(piece, " a a", 4);
    decoder = (struct qn_decoder){.started = 1};
    assert_int_equal(vocabulary_piece(l.vocabulary, &decoder, 3, 0, piece, 8), 2);
    assert_memory_equal(piece, " a", 2);
    loaded_free(&l);
}

/* In llama.cpp, SPM also merges text to control tokens. Untrusted text must not, neither in SPM nor in BPE. */
static void merges_no_special_token_from_untrusted_text(void **state) {
    (void)state;
    static const char *const tokens[] = {"<unk>", "[[", "<|x|>", "[", "<|", "<|x", "<", "|", "x", "|>", ">", "|x"};
    static const int32_t types[] = {2, 3, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    static const uint8_t untrusted[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    static const char *const kinds[] = {"llama", "gpt2", "gemma4"};
    for (size_t i = 0; i < 3; i++) {
        struct file f = {0};
        struct loaded l;
        struct arena scratch = {.limit = MEMORY};
        struct qn_error error;
        int32_t ids[16];
        file_text(&f, KEY "model", kinds[i]), file_text(&f, KEY "pre", "llama-bpe");
        file_bool(&f, KEY "add_space_prefix", 0);
        file_texts(&f, KEY "tokens", 12, tokens), file_i32s(&f, KEY "token_type", 12, types);
        file_texts(&f, KEY "merges", 4, (const char *const[]){"[ [", "< |", "<| x", "<|x |>"});
        load(&l, &f);
        assert_non_null(l.vocabulary);
        ASSERT_IDS(&l, "[[", 0, 1);
        ASSERT_IDS(&l, "<|x|>", 0, 2);
        for (uint32_t flags = 0; flags < 4; flags += QN_PARSE_SPECIAL) {
            assert_int_equal(vocabulary_tokenize(l.vocabulary, "[[[", 3, untrusted, flags, ids, 16, &scratch, &error),
                             3);
            assert_true(ids[0] == 3 && ids[1] == 3 && ids[2] == 3);
            const int64_t n =
                vocabulary_tokenize(l.vocabulary, "<|x|>", 5, untrusted, flags, ids, 16, &scratch, &error);
            assert_in_range(n, 2, 5);
            for (int64_t j = 0; j < n; j++) {
                assert_int_equal(vocabulary_type(l.vocabulary, ids[j]), TOKEN_NORMAL);
            }
            char out[8];
            assert_int_equal(vocabulary_detokenize(l.vocabulary, ids, (size_t)n, 0, out, 8), 5);
            assert_memory_equal(out, "<|x|>", 5);
        }
        arena_free(&scratch);
        loaded_free(&l);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(releases_only_whole_characters),
        cmocka_unit_test(flushes_incomplete_characters),
        cmocka_unit_test(repeats_a_piece_that_did_not_fit),
        cmocka_unit_test(accepts_any_decoder_state),
        cmocka_unit_test(fills_small_buffers_with_the_start),
        cmocka_unit_test(ignores_invalid_ids),
        cmocka_unit_test(removes_only_the_first_space),
        cmocka_unit_test(merges_no_special_token_from_untrusted_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
