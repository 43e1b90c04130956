/* Checks texts against grammars for the Python tests of this folder. In, again and again: a byte for the notation (g:
 * GBNF, r: regular expression, s: JSON Schema, n: whose formats only describe, w: whose texts may have white space),
 * the grammar, a u32 seed, a u32 count. If the seed is 0, as many texts follow; out comes a line with a 1 or 0 for each
 * text. Otherwise out comes a line with as many random texts that the grammar accepts, in hexadecimal. A text is a u32
 * with its bytes and then these. After an error, the line has its code and text. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/grammar/grammar.h"

static uint32_t read_count(void) {
    uint32_t count;
    if (fread(&count, sizeof(count), 1, stdin) != 1) {
        exit(2);
    }
    return count;
}

static char *read_text(uint32_t *bytes) {
    *bytes = read_count();
    char *text = malloc(*bytes ? *bytes : 1);
    if (text == NULL || fread(text, 1, *bytes, stdin) != *bytes) {
        exit(2);
    }
    return text;
}

static struct grammar *read_grammar(int notation, struct qn_error *error) {
    uint32_t bytes;
    char *text = read_text(&bytes);
    struct grammar *grammar = NULL;
    if (notation == 'g') {
        grammar = grammar_from_gbnf(text, bytes, error);
    } else if (notation == 'r') {
        grammar = grammar_from_regex(text, bytes, error);
    } else {
        const struct schema_options options = {.white_space = notation == 'w', .ignore_format = notation == 'n'};
        grammar = grammar_from_schema(text, bytes, &options, error);
    }
    free(text);
    return grammar;
}

static void check_texts(struct grammar *grammar, uint32_t texts, struct qn_error *error) {
    while (texts--) {
        uint32_t bytes;
        char *text = read_text(&bytes);
        bool accepted = false;
        if (grammar && grammar_accepts(grammar, text, bytes, &accepted, error) != QN_OK) {
            printf("[%s]", error->text);
        }
        if (grammar) {
            putchar(accepted ? '1' : '0');
        }
        free(text);
    }
}

static uint32_t random_below(uint64_t *state, uint32_t below) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*state >> 33) % below);
}

/* The bytes that may follow, those that end something first. Returns their number. */
static size_t allowed(struct matcher *matcher, uint8_t bytes[256], size_t *closers) {
    size_t count = 0;
    const size_t position = matcher_position(matcher);
    for (int pass = 0; pass < 2; pass++) {
        for (int byte = 0; byte < 256; byte++) {
            const bool closer = byte == '"' || byte == '}' || byte == ']';
            if (closer == (pass == 0) && matcher_byte(matcher, (uint8_t)byte)) {
                matcher_rewind(matcher, position);
                bytes[count++] = (uint8_t)byte;
            }
        }
        *closers = pass ? *closers : count;
    }
    return count;
}

/* Writes a random text. Long ones are brought to an end, or given up after 1,000 bytes. */
static void walk(struct grammar *grammar, uint64_t *random) {
    struct matcher matcher;
    struct qn_error error;
    uint8_t text[1000];
    uint8_t bytes[256];
    size_t closers;
    size_t length = 0;
    if (matcher_start(&matcher, &grammar->rules, MATCHER_MEMORY, &error) != QN_OK) {
        printf("[%s]", error.text);
        return;
    }
    for (;;) {
        const size_t count = allowed(&matcher, bytes, &closers);
        const bool complete = matcher_complete(&matcher);
        if ((complete && (count == 0 || random_below(random, 3) == 0)) || length == sizeof(text)) {
            break;
        }
        if (count == 0) {
            printf("[stuck behind %.*s]", (int)length, (char *)text);
            break;
        }
        const bool end = closers && (length > 60 || random_below(random, 4) == 0);
        text[length] = bytes[random_below(random, (uint32_t)(end ? closers : count))];
        matcher_byte(&matcher, text[length++]);
    }
    if (matcher_complete(&matcher)) {
        for (size_t i = 0; i < length; i++) {
            printf("%02x", text[i]);
        }
        putchar(' ');
    }
    matcher_free(&matcher);
}

int main(void) {
    for (int notation; notation = getchar(), notation != EOF;) {
        struct qn_error error = {0};
        struct grammar *grammar = read_grammar(notation, &error);
        uint64_t seed = read_count();
        uint32_t count = read_count();
        if (grammar == NULL) {
            printf("%d at %lld: %s", error.code, (long long)error.offset, error.text);
        }
        if (seed == 0) {
            check_texts(grammar, count, &error);
        }
        while (seed && grammar && grammar->accepts_any && count--) {
            walk(grammar, &seed);
        }
        putchar('\n');
        fflush(stdout);
        grammar_free(grammar);
    }
    return 0;
}
