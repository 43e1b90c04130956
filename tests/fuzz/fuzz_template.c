/* Fuzzes chat templates. The input is a template, optionally followed by a zero byte and its context as JSON; otherwise
 * a fixed context is used. It is rendered twice, the second time sometimes with little memory, and must give the same
 * result. */
#include "tests/fuzz/fuzz.h"

#include "engine/text/template/template.h"

#define MEMORY ((size_t)1 << 26)

static const char context[] =
    "{\"messages\":[{\"role\":\"system\",\"content\":\"Be "
    "brief.\"},{\"role\":\"user\",\"content\":\"a<|x|>\\u00e9\\n\"},"
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"1\",\"function\":{\"name\":\"f\",\"arguments\":"
    "{\"a\":1.5,\"b\":[true,null]}}}]}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":"
    "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"number\"}},\"required\":[\"a\"]}}}],\"documents\":[\"d\"],"
    "\"bos_token\":\"<s>\",\"eos_token\":\"</s>\",\"add_generation_prompt\":true,\"now\":1753900245}";

static int render(const char *text, size_t bytes, const char *json, size_t json_bytes, struct arena *arena,
                  struct rendered *rendered) {
    struct qn_error error = {0};
    const struct template_texts texts = {.usual = {text, bytes}};
    const int status = template_render(&texts, json, json_bytes, NULL, arena, rendered, &error);
    REQUIRE(arena->used <= arena->limit);
    if (status == QN_OK) {
        for (size_t i = 0; rendered->untrusted && i < rendered->bytes; i++) {
            REQUIRE(rendered->untrusted[i] <= 1);
        }
        return status;
    }
    REQUIRE(status == QN_ERR_TEMPLATE || status == QN_ERR_ARGUMENT || status == QN_ERR_LIMIT ||
            status == QN_ERR_MEMORY);
    REQUIRE(error.code == status && error.text_bytes > 0 && error.text_bytes < sizeof(error.text));
    /* Only the error about a message that the prompt lacks has no place in the template or the JSON. */
    REQUIRE(error.offset <= (bytes > json_bytes ? bytes : json_bytes) ||
            (error.offset == QN_NO_OFFSET && strstr(error.text, "leaves out the text of messages[")));
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    const size_t bytes = zero ? (size_t)(zero - data) : size;
    const size_t json_bytes = zero ? size - bytes - 1 : sizeof(context) - 1;
    char *text = (char *)fuzz_copy(data, bytes);
    char *json = (char *)fuzz_copy(zero ? zero + 1 : (const uint8_t *)context, json_bytes);
    struct arena arena = {.limit = MEMORY};
    struct arena again = {.limit = MEMORY};
    struct rendered first;
    struct rendered second;
    const int status = render(text, bytes, json, json_bytes, &arena, &first);
    uint64_t chance = fuzz_hash(data, size);
    again.limit = fuzz_random(&chance, 4) ? MEMORY : fuzz_random(&chance, arena.used + 1);
    const int other = render(text, bytes, json, json_bytes, &again, &second);
    free(text);
    free(json);
    REQUIRE(other == status || other == QN_ERR_MEMORY);
    if (status == QN_OK && other == QN_OK) {
        REQUIRE(first.bytes == second.bytes && memcmp(first.text, second.text, first.bytes) == 0);
        REQUIRE((first.untrusted == NULL) == (second.untrusted == NULL));
        REQUIRE(first.untrusted == NULL || memcmp(first.untrusted, second.untrusted, first.bytes) == 0);
    }
    arena_free(&arena);
    arena_free(&again);
    return 0;
}
