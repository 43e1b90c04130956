/* Templates of fuzz_output, one for each way to write calls. */
#ifndef TESTS_FUZZ_OUTPUT_TEMPLATES_H
#define TESTS_FUZZ_OUTPUT_TEMPLATES_H

static const char output_tools[] = "[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":"
                                   "\"object\",\"properties\":{\"a\":{\"type\":"
                                   "\"string\"},\"b\":{\"type\":\"integer\"},\"c\":{\"type\":\"object\"}}}}},{\"type\":"
                                   "\"function\",\"function\":{\"name\":\"g\"}}]";

#define TURN_START  "{% for m in messages %}<|im_start|>{{ m.role }}\n"
#define THOUGHT     "{% if m.reasoning_content %}<think>\n{{ m.reasoning_content }}\n</think>\n\n{% endif %}"
#define CONTENT     "{{ m.content or '' }}"
#define TURN_END    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
#define TOOLS       "{% if tools %}{{ tools | tojson }}{% endif %}"
#define CALLS(text) "{% for c in m.tool_calls or [] %}" text "{% endfor %}"

static const char *const output_templates[] = {
    TURN_START CONTENT TURN_END,
    TOOLS TURN_START THOUGHT CONTENT CALLS(
        "<tool_call>\n{{ {'name': c.function.name, 'arguments': c.function.arguments} | tojson }}\n</tool_call>\n")
        TURN_END,
    TOOLS TURN_START CONTENT CALLS(
        "<tool_call>\n<function={{ c.function.name }}>\n{% for k, v in c.function.arguments | items %}<parameter={{ k "
        "}}>\n"
        "{{ v if v is string else v | tojson }}\n</parameter>\n{% endfor %}</function>\n</tool_call>\n") TURN_END,
    TOOLS TURN_START CONTENT CALLS("[TOOL_CALLS]{{ c.function.name }}[ARGS]{{ c.function.arguments | tojson }}")
        TURN_END,
    TOOLS TURN_START CONTENT "{% if m.tool_calls %}[TOOL_CALLS] [{% for c in m.tool_calls %}{{ {'name': "
                             "c.function.name, 'arguments': c.function.arguments} "
                             "| tojson }}{% if not loop.last %}, {% endif %}{% endfor %}]{% endif %}" TURN_END,
    TOOLS TURN_START CONTENT "{% if m.tool_calls %}<|tool_call_start|>[{% for c in m.tool_calls %}{{ c.function.name "
                             "}}({% for k, v in c.function.arguments | "
                             "items %}{{ k }}={{ v | tojson if v is not string else '\"' ~ v ~ '\"' }}{% if not "
                             "loop.last %}, {% endif %}{% endfor %}){% if "
                             "not loop.last %}, {% endif %}{% endfor %}]<|tool_call_end|>{% endif %}" TURN_END,
    TOOLS TURN_START CONTENT CALLS(
        "<|tool_call>call:{{ c.function.name }}{{ '{' }}{% for k, v in c.function.arguments | items %}{{ k }}:{{ "
        "'<|\"|>' ~ v ~ "
        "'<|\"|>' if v is string else v | tojson }}{% if not loop.last %},{% endif %}{% endfor %}{{ '}' }}<tool_call|>")
        TURN_END,
    TOOLS TURN_START CONTENT CALLS("<tool_call>{{ c.function.name }}\n{% for k, v in c.function.arguments | items "
                                   "%}<arg_key>{{ k }}</arg_key>\n<arg_value>{{ v "
                                   "if v is string else v | tojson }}</arg_value>\n{% endfor %}</tool_call>") TURN_END,
    TOOLS TURN_START
    "{% if m.reasoning_content %}<|channel|>analysis<|message|>{{ m.reasoning_content }}<|end|>{% endif %}" CALLS(
        "<|start|>assistant to=functions.{{ c.function.name }}<|channel|>commentary json<|message|>{{ "
        "c.function.arguments | tojson "
        "}}<|call|>") "<|channel|>final<|message|>" CONTENT TURN_END,
    /* calls that are not shown */
    TOOLS "List of tools: [" TURN_START CONTENT TURN_END,
    TOOLS "{# <tool_call> </think> #}" TURN_START CONTENT TURN_END,
    TOOLS "{# <|tool_call|> [/THINK] #}" TURN_START CONTENT TURN_END,
    /* ids, reasoning in the prompt or in other tags, and other ends */
    TOOLS TURN_START
    "{% if m.reasoning_content %}<why>{{ m.reasoning_content }}</why>{% else %}<why></why>{% endif %}" CONTENT CALLS(
        "[CALL]{{ c.function.name }}[ID]{{ c.id }}[ARGS]{{ c.function.arguments | tojson }}[/CALL]") TURN_END "<why>",
    TOOLS TURN_START "<a>{{ m.reasoning_content or '' }}</a><b>" CONTENT
                     "</b>" CALLS("{{ {c.function.name: c.function.arguments} | tojson }}<|python_tag|>") TURN_END,
    TOOLS "{% for m in messages %}{% if m.role == 'assistant' and m.reasoning_content %}[R]{{ m.reasoning_content "
          "}}[/R]{% endif %}"
          "{{ m.content or '' }}{% for c in m.tool_calls or [] %}{{ loop.index }}:{{ c.function.name }}"
          "{% for k, v in c.function.arguments | items %} {{ k }}={{ v }}{% endfor %};{% endfor %}{% endfor %}",
    TOOLS TURN_START CONTENT
    "{% if m.tool_calls %}<tools>{% for c in m.tool_calls %}{{ {'id': c.id, 'name': c.function.name, 'parameters': "
    "c.function.arguments} | tojson }}{{ '</tools><tools>' if not loop.last }}{% endfor %}</tools>{% endif %}" TURN_END,
};
#define OUTPUT_TEMPLATES (sizeof(output_templates) / sizeof(output_templates[0]))

#endif
