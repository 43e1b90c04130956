/* Fuzzes chat templates. The input is a template, optionally followed by a zero byte and its context as JSON; otherwise
 * a fixed context is used. It is rendered twice, the second time sometimes with little memory, and must give the same
 * result. */
#include "tests/fuzz/template_check.h"

#define MEMORY ((size_t)1 << 26)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    const size_t bytes = zero ? (size_t)(zero - data) : size;
    const size_t json_bytes = zero ? size - bytes - 1 : sizeof(template_context) - 1;
    char *text = (char *)fuzz_copy(data, bytes);
    char *json = (char *)fuzz_copy(zero ? zero + 1 : (const uint8_t *)template_context, json_bytes);
    template_check(text, bytes, json, json_bytes, MEMORY);
    free(text);
    free(json);
    return 0;
}
