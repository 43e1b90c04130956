/* Checks texts against grammars for the Python tests of this folder. In, again and again: a byte for the notation (g:
 * GBNF, r: regular expression, s: JSON Schema, n: JSON Schema whose formats are notes), the grammar, the number of
 * texts as a u32, the texts. A text is a u32 with its bytes and then these. Out, a line each: a 1 or 0 for each text,
 * or the error's code and text. */
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
    }
    free(text);
    return grammar;
}

int main(void) {
    for (int notation; notation = getchar(), notation != EOF;) {
        struct qn_error error = {0};
        struct grammar *grammar = read_grammar(notation, &error);
        if (grammar == NULL) {
            printf("%d at %lld: %s", error.code, (long long)error.offset, error.text);
        }
        for (uint32_t texts = read_count(); texts; texts--) {
            uint32_t bytes;
            char *text = read_text(&bytes);
            bool accepted = false;
            if (grammar && grammar_accepts(grammar, text, bytes, &accepted, &error) != QN_OK) {
                printf("[%s]", error.text);
            }
            if (grammar) {
                putchar(accepted ? '1' : '0');
            }
            free(text);
        }
        putchar('\n');
        fflush(stdout);
        grammar_free(grammar);
    }
    return 0;
}
