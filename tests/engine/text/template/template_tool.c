/* Renders chat templates for tests in Python. Each case on standard input is a line "<bytes of the template> <bytes of
 * the JSON>\n", then the template and the JSON. The answer on standard output is a line "<status> <offset> <bytes of
 * the text> <bytes of the mask>\n", then the text, or the error's text if the status is an error, and the mask with 0
 * or 1 for each byte. With the argument "fit", messages are fitted to the template. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/text/template/template.h"

static char *read_bytes(size_t bytes) { /* of exactly that size, so that sanitizers detect a read past the end */
    char *text = malloc(bytes ? bytes : 1);
    if (text == NULL || fread(text, 1, bytes, stdin) != bytes) {
        fprintf(stderr, "truncated input\n");
        exit(1);
    }
    return text;
}

int main(int argc, char **argv) {
    const bool fit = argc > 1 && strcmp(argv[1], "fit") == 0;
    size_t template_bytes;
    size_t json_bytes;
    while (scanf("%zu %zu", &template_bytes, &json_bytes) == 2) {
        getchar();
        char *text = read_bytes(template_bytes);
        char *json = read_bytes(json_bytes);
        struct arena arena = {.limit = (size_t)256 << 20};
        struct rendered rendered;
        struct qn_error error = {0};
        const struct template_texts texts = {.usual = {text, template_bytes}};
        const int status =
            fit ? template_render(&texts, json, json_bytes, NULL, &arena, &rendered, &error)
                : template_render_as_is(text, template_bytes, json, json_bytes, NULL, &arena, &rendered, &error);
        if (status != QN_OK) {
            rendered = (struct rendered){.text = error.text, .bytes = error.text_bytes};
        }
        printf("%d %" PRIu64 " %zu %zu\n", status, status == QN_OK ? 0 : error.offset, rendered.bytes,
               rendered.untrusted ? rendered.bytes : 0);
        fwrite(rendered.text, 1, rendered.bytes, stdout);
        if (rendered.untrusted) {
            fwrite(rendered.untrusted, 1, rendered.bytes, stdout);
        }
        fflush(stdout);
        arena_free(&arena);
        free(text);
        free(json);
    }
    return 0;
}
