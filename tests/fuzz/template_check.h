/* Shared by the targets that render templates. */
#ifndef TESTS_FUZZ_TEMPLATE_CHECK_H
#define TESTS_FUZZ_TEMPLATE_CHECK_H

#include "engine/text/template/template.h"
#include "tests/fuzz/fuzz.h"

static const char template_context[] =
    "{\"messages\":[{\"role\":\"system\",\"content\":\"Be "
    "brief.\"},{\"role\":\"user\",\"content\":\"a<|x|>\\u00e9\\n\"},"
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"1\",\"function\":{\"name\":\"f\",\"arguments\":"
    "{\"a\":1.5,\"b\":[true,null]}}}]}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":"
    "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"number\"}},\"required\":[\"a\"]}}}],\"documents\":[\"d\"],"
    "\"bos_token\":\"<s>\",\"eos_token\":\"</s>\",\"add_generation_prompt\":true,\"now\":1753900245}";

static inline int template_render_once(const char *text, size_t bytes, const char *json, size_t json_bytes,
                                       struct arena *arena, struct rendered *rendered) {
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

/* Renders a template twice, the second time sometimes with little memory: it must give the same result. */
static inline int template_check(const char *text, size_t bytes, const char *json, size_t json_bytes, size_t memory) {
    struct arena arena = {.limit = memory};
    struct arena again = {.limit = memory};
    struct rendered first;
    struct rendered second;
    const int status = template_render_once(text, bytes, json, json_bytes, &arena, &first);
    uint64_t chance = fuzz_hash((const uint8_t *)text, bytes);
    again.limit = fuzz_random(&chance, 4) ? memory : fuzz_random(&chance, arena.used + 1);
    const int other = template_render_once(text, bytes, json, json_bytes, &again, &second);
    REQUIRE(other == status || other == QN_ERR_MEMORY);
    if (status == QN_OK && other == QN_OK) {
        REQUIRE(first.bytes == second.bytes && memcmp(first.text, second.text, first.bytes) == 0);
        REQUIRE((first.untrusted == NULL) == (second.untrusted == NULL));
        REQUIRE(first.untrusted == NULL || memcmp(first.untrusted, second.untrusted, first.bytes) == 0);
    }
    arena_free(&arena);
    arena_free(&again);
    return status;
}

#endif
