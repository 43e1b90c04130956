/* Tests the tools of /v1/responses with OpenAI's JavaScript client: node serve-tools.test.mjs <base URL> <model>. The
 * server has a template that reads tools. Prints a line of JSON per check: its name and its error, or null. */
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const [baseURL, model] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0 });
const object = (properties) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
const declared = (name, parameters) => ({ type: 'function', name, description: name, parameters, strict: true });
const weather = declared('get_weather', object({ city: { enum: ['Paris', 'Rome'] } }));
const clock = declared('get_time', object({ zone: { enum: ['UTC'] } }));
const input = [{ role: 'user', content: 'What is the weather in Rome?' }];
const asked = { model, input, tools: [weather, clock], temperature: 0, max_output_tokens: 80 };
const create = (more) => client.responses.create({ ...asked, ...more });

const checks = {
  async callsAreItems() {
    const response = await create({ tool_choice: 'required', parallel_tool_calls: false });
    const [call, ...more] = response.output;
    assert.deepEqual([more.length, response.status, response.output_text], [0, 'completed', '']);
    assert.deepEqual([call.type, call.status], ['function_call', 'completed']);
    assert.ok([weather.name, clock.name].includes(call.name) && call.call_id && call.id.startsWith('fc_'));
    assert.equal(typeof JSON.parse(call.arguments), 'object');
    assert.deepEqual([response.tool_choice, response.parallel_tool_calls], ['required', false]);
    assert.deepEqual(response.tools, asked.tools);
  },
  async aNamedToolIsCalledAndAnswered() {
    const first = await create({ tool_choice: { type: 'function', name: 'get_time' } });
    const [call] = first.output;
    assert.deepEqual([call.name, JSON.parse(call.arguments)], ['get_time', { zone: 'UTC' }]);
    const result = { type: 'function_call_output', call_id: call.call_id, output: '12:00' };
    const second = await create({ input: [...input, ...first.output, result], tool_choice: 'none' });
    assert.deepEqual([second.output.length, second.output[0].type], [1, 'message']);
    const without = await create({ tool_choice: 'none' });
    assert.ok(second.usage.input_tokens > without.usage.input_tokens + 20);
    const parts = { ...result, output: [{ type: 'input_text', text: '12:00' }] };
    const third = await create({ input: [...input, ...first.output, parts], tool_choice: 'none' });
    assert.equal(third.output_text, second.output_text);
  },
  async callsAreStreamed() {
    const events = [];
    for await (const event of await create({ tool_choice: 'required', stream: true })) events.push(event);
    const types = events.map(({ type }) => type.replace('response.', ''));
    assert.deepEqual(
      types.filter((type) => type !== 'function_call_arguments.delta'),
      ['created', 'in_progress', 'output_item.added', 'function_call_arguments.done', 'output_item.done', 'completed'],
    );
    const [item] = events.at(-1).response.output;
    const deltas = events.map(({ delta }) => delta ?? '').join('');
    assert.equal(deltas, item.arguments);
    assert.equal(events[2].item.arguments, '');
    assert.ok(events.every(({ item_id: id = item.id, output_index: index = 0 }) => id === item.id && index === 0));
    const final = await client.responses.stream({ ...asked, tool_choice: 'required' }).finalResponse();
    assert.deepEqual([final.output[0].name, final.output[0].arguments], [item.name, item.arguments]);
  },
  async aCallThatIsCutIsIncomplete() {
    const { status, output } = await create({ tool_choice: 'required', max_output_tokens: 14 });
    assert.deepEqual([status, output.at(-1).status], ['incomplete', 'incomplete']);
  },
  async reasoningIsAnItem() {
    const thinking = {
      tools: undefined,
      thinking_budget: 6,
      chat_template_kwargs: { think: true },
      max_output_tokens: 24,
    };
    const response = await create(thinking);
    const [thought, message] = response.output;
    assert.deepEqual([thought.type, thought.summary, thought.content.length], ['reasoning', [], 1]);
    assert.ok(thought.id.startsWith('rs_') && thought.content[0].type === 'reasoning_text');
    assert.ok(thought.content[0].text.length > 0 && response.output_text.length > 0);
    assert.equal(message.type, 'message');
    assert.ok(response.usage.output_tokens_details.reasoning_tokens > 0);
    const events = [];
    for await (const event of await create({ ...thinking, stream: true })) events.push(event);
    const deltas = events.filter(({ type }) => type === 'response.reasoning_text.delta').map(({ delta }) => delta);
    assert.equal(deltas.join(''), thought.content[0].text);
    const done = events.find(({ type }) => type === 'response.reasoning_text.done');
    assert.deepEqual([done.text, done.content_index, done.output_index], [thought.content[0].text, 0, 0]);
    const question = { role: 'user', content: 'And in Paris?' };
    const next = await create({ tools: undefined, input: [...input, ...response.output, question] });
    const without = await create({ tools: undefined, input: [...input, message, question] });
    assert.ok(next.usage.input_tokens > without.usage.input_tokens);
  },
  async wrongToolsAreRefused() {
    const wrong = {
      tools: [[{ type: 'function' }], [5], 'a', [{ ...weather, parameters: object({ a: { uniqueItems: true } }) }]],
      tool_choice: [{ type: 'function', name: 'none_such' }, 'perhaps', { type: 'function' }],
      parallel_tool_calls: ['a'],
    };
    for (const [param, values] of Object.entries(wrong))
      for (const value of values) await assert.rejects(create({ [param]: value }), { status: 400, param });
  },
};

for (const [name, check] of Object.entries(checks)) {
  const error = await check().then(
    () => null,
    (failure) => String(failure.stack ?? failure),
  );
  console.log(JSON.stringify({ name, error }));
}
