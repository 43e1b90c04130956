/* A chat template that describes tools, for models whose own template does not read them. */

/* How turns are marked, by a text that is in the prompt of such models. */
const STYLES = {
  '<|im_start|>': { begin: '', open: '<|im_start|>', close: '<|im_end|>', assistant: 'assistant', system: 'system' },
  '<start_of_turn>': {
    begin: '{{ bos_token }}',
    open: '<start_of_turn>',
    close: '<end_of_turn>',
    assistant: 'model',
    system: 'user',
  },
};

const templateOf = ({ begin, open, close, assistant, system }) => `${begin}
{%- if tools %}{{ '${open}${system}\\nYou can call these tools:\\n' }}
{%- for tool in tools %}{{ tool.function | tojson + '\\n' }}{% endfor %}
{{- 'To call one, write:\\n<tool_call>\\n{"name": ..., "arguments": {...}}\\n</tool_call>${close}\\n' }}{% endif %}
{%- for m in messages %}
{%- set role = {'assistant': '${assistant}', 'system': '${system}'}.get(m.role, 'user') %}
{{- '${open}' + role + '\\n' }}
{%- if m.role == 'tool' %}{{ '<tool_response>\\n' + m.content + '\\n</tool_response>' }}{% else %}{{ m.content or '' }}{% endif %}
{%- for call in m.tool_calls or [] %}
{{- '<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' }}
{{- call.function.arguments | tojson }}{{ '}\\n</tool_call>' }}{% endfor %}
{{- '${close}\\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '${open}${assistant}\\n' }}{% endif %}`;

/* A template with tools for a model; undefined if its turns are marked in another way. */
export async function toolTemplate(model) {
  const { text } = await model.template([{ role: 'user', content: 'x' }]);
  const mark = Object.keys(STYLES).find((each) => text.includes(each));
  return mark && templateOf(STYLES[mark]);
}
