/* seeds_output <folder>: writes the seeds of fuzz_output: outputs in each format, complete and malformed. */
#include <string.h>

#include "tests/fuzz/output_templates.h"
#include "tests/fuzz/seeds.h"

static const char *const outputs[] = {
    "<think>\nwhy\n</think>\n\nHello \xc3\xa9 <b> [x] {\"a\":1}",
    "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"\\u00e9\\n\\\"\", \"b\": [1.5e3, true, null, "
    "{}]}}\n</tool_call>\n<tool_call>\n"
    "{\"arguments\": {}, \"name\": \"g\"}\n</tool_call>\n",
    "<tool_call>\n{\"name\": \"none\", \"arguments\": {}}\n</tool_call>x<tool_call>\n{\"name\": \"f\", \"arguments\": "
    "{\"a\": 01}}\n</tool_call>",
    "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"b",
    "text <tool_call>\n<function=f>\n<parameter=a>\nx < "
    "y\n</parameter>\n<parameter=b>\n12\n</parameter>\n<parameter=c>\n{\"k\": [1]}\n"
    "</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=g>\n</function>\n</tool_call>",
    "<tool_call>\n<function=f>\n<parameter=b>\nnot a number\n</parameter>\n</function>\n</tool_call>",
    "\xff[TOOL_CALLS]\xff"
    "f\xff[ARGS]\xff{\"a\": \"x\"}[TOOL_CALLS]g[ARGS]{}",
    "[TOOL_CALLS] [{\"name\": \"f\", \"arguments\": {\"b\": -1}}, {\"name\": \"g\", \"arguments\": {}}]",
    "<|tool_call_start|>[f(a=\"x'\\n\", b=-1.5, c={'k': [True, None, (1, 2)]}), g()]<|tool_call_end|>",
    "<|tool_call_start|>[f(a='\\x41\\u00e9\\U0001F989\\t', b=1_000, c=False)]<|tool_call_end|>",
    "<|tool_call_start|>[f(a=b)]<|tool_call_end|>",
    "<|tool_call>call:f{a:<|\"|>x<|\"|>,b:1,c:{k:[true,null,<|\"|>y<|\"|>]}}<tool_call|><|tool_call>call:g{}<tool_call|"
    ">",
    "<tool_call>f\n<arg_key>a</arg_key>\n<arg_value>x</arg_value>\n<arg_key>b</arg_key>\n<arg_value>2</arg_value>\n</"
    "tool_call>",
    "<|channel|>analysis<|message|>why<|end|><|start|>assistant to=functions.f<|channel|>commentary "
    "json<|message|>{\"a\": \"x\"}<|call|>",
    "<|channel|>final<|message|>Hello",
    "{\"name\": \"f\", \"parameters\": {\"a\": \"x\"}}",
};

int main(int argc, char **argv) {
    if (argc != 2) {
        return 2;
    }
    static const unsigned char options[] = {0, 4, 10, 0x36};
    size_t number = 0;
    for (size_t t = 0; t < OUTPUT_TEMPLATES; t++) {
        for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
            unsigned char bytes[1024] = {(unsigned char)t, options[(t + i) % sizeof(options)]};
            memcpy(bytes + 2, outputs[i], strlen(outputs[i]));
            seed_write(argv[1], "output", number++, bytes, 2 + strlen(outputs[i]));
        }
        unsigned char bytes[2048] = {OUTPUT_TEMPLATES, 0};
        memcpy(bytes + 2, output_templates[t], strlen(output_templates[t]));
        seed_write(argv[1], "template", t, bytes, 2 + strlen(output_templates[t]));
    }
    return 0;
}
