/* Tools in chats, by the package in Node, with a real model and a template that reads tools: node tools.test.mjs
 * <SmolLM2>. Prints a line of JSON for each check: its name and its error, or null. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { loadModel } from '../../web/index.js';
import { printChecks } from './print_checks.mjs';

const bytes = readFileSync(process.argv[2]);

/* A template in the style of ChatML. `open` and `close` surround a call. `start` begins an answer. */
const template = (
  open,
  close,
  start = '',
) => `{%- if tools %}{{ '<|im_start|>system\\nCall a tool with ${open}{"name": ...}${close}.\\n' }}
{%- for tool in tools %}{{- tool | tojson + '\\n' }}{% endfor %}{{- '<|im_end|>\\n' }}{% endif %}
{%- for m in messages %}{{- '<|im_start|>' + m.role + '\\n' + (m.content or '') }}
{%- for call in m.tool_calls or [] %}{{- '${open}\\n{"name": "' + call.function.name + '", "arguments": ' }}
{{- call.function.arguments | tojson }}{{- '}\\n${close}' }}{% endfor %}{{- '<|im_end|>\\n' }}{% endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n${start}' }}{% endif %}`;
const READS_TOOLS = template('<tool_call>', '</tool_call>');
/* The same, for a model that thinks. Its prompt may begin the thought, or say that there is none. */
const thinks = (start) =>
  template('<tool_call>', '</tool_call>', start).replace(
    "(m.content or '')",
    "('<think>\\n' + m.reasoning_content + '\\n</think>\\n\\n' if m.reasoning_content else '') + (m.content or '')",
  );
const THINKS = thinks('<think>\\n');
/* The name and the arguments in other ways. */
const NAMED = READS_TOOLS.replace(
  '{"name": "\' + call.function.name + \'", "arguments": ',
  '{"\' + call.function.name + \'": ',
);
const APART = READS_TOOLS.replace(
  '\\n{"name": "\' + call.function.name + \'", "arguments": \'',
  "call:' + call.function.name + '<jupyter_code>'",
).replace("{{- '}\\n</tool_call>'", "{{- '</tool_call>'");
const CITY = { type: 'string', enum: ['Paris', 'Rome'] };
const declared = (name, parameters) => ({ type: 'function', function: { name, description: name, parameters } });
const object = (properties) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
const weather = declared('get_weather', object({ city: CITY }));
const clock = declared('get_time', object({ zone: { enum: ['UTC'] } }));
const messages = [{ role: 'user', content: 'What is the weather in Rome?' }];
const request = { messages, tools: [weather, clock], temperature: 0, max_tokens: 80 };

async function using(use, options) {
  const model = await loadModel(bytes, { threads: 1, contextSize: 512, template: READS_TOOLS, ...options });
  try {
    await use(model);
  } finally {
    await model.free();
  }
}

async function answer(model, more) {
  const { choices } = await model.chat.completions.create({ ...request, ...more });
  return choices[0];
}

/* The call of an answer that must consist of one. */
function onlyCall({ message, finish_reason: finish }) {
  assert.equal(finish, 'tool_calls');
  assert.equal(message.tool_calls.length, 1);
  const [{ id, type, function: called }] = message.tool_calls;
  assert.match(id, /^[A-Za-z0-9]{9}$/);
  assert.equal(type, 'function');
  return { name: called.name, arguments: JSON.parse(called.arguments) };
}

const checks = {
  async aRequiredCallFollowsTheSchemas() {
    await using(async (model) => {
      for (const seed of [1, 2, 3]) {
        const call = onlyCall(await answer(model, { tool_choice: 'required', temperature: 1.5, seed }));
        if (call.name === 'get_weather') assert.ok(CITY.enum.includes(call.arguments.city));
        else assert.deepEqual(call, { name: 'get_time', arguments: { zone: 'UTC' } });
      }
    });
  },
  async aNamedToolIsCalled() {
    await using(async (model) => {
      const choice = { type: 'function', function: { name: 'get_time' } };
      const call = onlyCall(await answer(model, { tool_choice: choice }));
      assert.deepEqual(call, { name: 'get_time', arguments: { zone: 'UTC' } });
      await assert.rejects(answer(model, { tool_choice: { function: { name: 'none_such' } } }), /there is no tool/);
    });
  },
  async argumentsConformToTheirOwnDefinitions() {
    await using(async (model) => {
      const parameters = { ...object({ at: { $ref: '#/$defs/zone' } }), $defs: { zone: { const: 'UTC' } } };
      const tree = { ...object({ next: { anyOf: [{ $ref: '#' }, { const: 7 }] } }), default: { $ref: '#' } };
      for (const tools of [[declared('f', parameters)], [weather, declared('f', parameters)]]) {
        const named = { type: 'function', function: { name: 'f' } };
        const call = onlyCall(await answer(model, { tools, tool_choice: named }));
        assert.deepEqual(call, { name: 'f', arguments: { at: 'UTC' } });
        onlyCall(await answer(model, { tools, tool_choice: 'required' }));
      }
      const more = { tools: [declared('f', tree)], tool_choice: 'required', max_tokens: 100 };
      const bias = Object.fromEntries((await model.tokenize('7')).map((id) => [id, 100]));
      let { arguments: node } = onlyCall(await answer(model, { ...more, logit_bias: bias }));
      while (typeof node === 'object') {
        assert.deepEqual(Object.keys(node), ['next']);
        node = node.next;
      }
      assert.equal(node, 7);
    });
  },
  async formatOnlyDescribesUnlessStrict() {
    await using(async (model) => {
      const tool = declared('f', object({ format: { type: 'integer', maximum: 9, minimum: 0, format: 'uint8' } }));
      const { arguments: given } = onlyCall(await answer(model, { tools: [tool], tool_choice: 'required' }));
      assert.ok(given.format >= 0 && given.format <= 9);
      tool.function.strict = true;
      const message = /the parameters of f: JSON Schema: #\/properties\/format\/format: is not a format/;
      await assert.rejects(answer(model, { tools: [weather, tool] }), { message, param: 'tools' });
    });
  },
  async toolsThatCannotBeCalledAreRefused() {
    await using(async (model) => {
      for (const parameters of [5, 'x', [], false, { type: 'string' }, { type: ['object', 'null'] }])
        await assert.rejects(answer(model, { tools: [weather, declared('f', parameters)] }), /tools\[1\].*parameters/);
      for (const name of ['', 'a"b', 'a\\b', 'a\nb', 5])
        await assert.rejects(answer(model, { tools: [declared(name)] }), /tools\[0\].* name|tools\[0\].*\.name/);
      await assert.rejects(answer(model, { tools: [{ ...weather, type: 'custom' }] }), /\.type/);
      for (const more of [{ description: 5 }, { strict: 'yes' }])
        await assert.rejects(
          answer(model, { tools: [{ type: 'function', function: { name: 'f', ...more } }] }),
          new RegExp(Object.keys(more)[0]),
        );
      const never = [declared('f', object({ a: { type: 'integer', minimum: 2, maximum: 1 } }))];
      await assert.rejects(answer(model, { tools: never }), /no call conforms/);
      await assert.rejects(
        answer(model, { tool_choice: { type: 'custom', function: { name: 'get_time' } } }),
        /choice/,
      );
    });
  },
  async messagesWithWrongFieldsOfToolsAreRefused() {
    await using(async (model) => {
      const wrong = [
        { tool_calls: 5 },
        { tool_calls: [5] },
        { tool_calls: [{}] },
        { tool_calls: [{ function: { name: 5 } }] },
        { tool_calls: [{ function: { name: 'f', arguments: 5 } }] },
        { tool_call_id: 5 },
        { name: 5 },
        { reasoning_content: [] },
      ];
      for (const fields of wrong) {
        const message = { role: 'assistant', content: 'x', ...fields };
        await assert.rejects(answer(model, { messages: [...messages, message] }), { param: 'messages' });
      }
    });
  },
  async toolsOfTheSameNameAreRefused() {
    await using(async (model) => {
      const message = 'tools[2].function.name: tools[0] has the same name, get_weather';
      await assert.rejects(answer(model, { tools: [weather, clock, weather] }), { message, param: 'tools' });
      await assert.rejects(answer(model, { tools: [declared('n'.repeat(257))] }), /at most 256 bytes/);
    });
  },
  async aCallNestsAsDeepAsItIsWritten() {
    await using(async (model) => {
      const parameters = {
        ...object({ at: { $ref: '#/$defs/a' } }),
        $defs: { a: { type: 'array', items: { $ref: '#/$defs/a' } } },
      };
      const bias = Object.fromEntries(
        [...(await model.tokenize('[')), ...(await model.tokenize('[['))].map((id) => [id, 100]),
      );
      const more = { tools: [declared('f', parameters)], tool_choice: 'required', max_tokens: 130, logit_bias: bias };
      const { message, finish_reason: finish } = await answer(model, more);
      assert.deepEqual([finish, message.content], ['length', null]);
      assert.match(message.tool_calls[0].function.arguments, /^\{"at":\[{80,}$/);
    });
  },
  async aCallThatIsCutBeforeItsNameShowsNothing() {
    await using(async (model) => {
      for (const max_tokens of [1, 2, 4, 6, 8, 10]) {
        const { message, finish_reason: finish } = await answer(model, {
          tool_choice: 'required',
          max_tokens,
          logprobs: true,
        });
        assert.deepEqual([message.content || null, finish], [null, 'length'], String(max_tokens));
      }
    });
  },
  async probabilitiesAreThoseOfTheText() {
    await using(async (model) => {
      const called = await answer(model, { tool_choice: 'required', logprobs: true });
      assert.deepEqual([called.message.content, called.logprobs], [null, null]);
      const said = await answer(model, { logprobs: true, max_tokens: 20 });
      const plain = await answer(model, { logprobs: true, max_tokens: 20, reasoning_format: 'auto' });
      for (const { message, logprobs } of [said, plain])
        assert.equal(
          logprobs.content
            .map(({ token }) => token)
            .join('')
            .trim(),
          message.content.trim(),
        );
    });
    await using(
      async (model) => {
        const more = { tools: [], logprobs: true, max_tokens: 30, reasoning_format: 'auto', thinking_budget: 6 };
        const { message, logprobs } = await answer(model, more);
        assert.ok(message.reasoning_content && message.content);
        assert.equal(
          logprobs.content
            .map(({ token }) => token)
            .join('')
            .trim(),
          message.content,
        );
      },
      { template: THINKS },
    );
  },
  async aGrammarAppliesBehindTheThought() {
    const schema = object({ city: CITY });
    const constraints = {
      response_format: { type: 'json_schema', json_schema: { name: 'city', schema } },
      grammar: 'root ::= "{\\"city\\":\\"" ("Paris" | "Rome") "\\"}"',
      regex: '\\{"city":"(Paris|Rome)"\\}',
    };
    const asked = { tools: [], temperature: 1, seed: 5 };
    for (const start of ['<think>\\n', '<think>\\n\\n</think>\\n\\n', '']) {
      await using(
        async (model) => {
          for (const [name, value] of Object.entries(constraints))
            for (const budget of [0, 5]) {
              const more = { ...asked, [name]: value, thinking_budget: budget };
              const { message, finish_reason: finish } = await answer(model, more);
              assert.match(message.content, /^\{"city":"(Paris|Rome)"\}$/, `${start} ${name} ${budget}`);
              assert.equal(finish, 'stop');
              if (start.endsWith('<think>\\n')) assert.equal(Boolean(message.reasoning_content), budget > 0);
              if (budget === 0) assert.equal(message.reasoning_content, undefined);
            }
        },
        { template: thinks(start) },
      );
    }
  },
  async aGrammarWithoutABudgetWaitsForTheThought() {
    await using(
      async (model) => {
        const response_format = { type: 'json_schema', json_schema: { name: 'city', schema: object({ city: CITY }) } };
        const end = (await model.tokenize('</think>')).map((id) => [id, 6]); // so that it comes
        const more = {
          tools: [],
          response_format,
          logit_bias: Object.fromEntries(end),
          max_tokens: 300,
          temperature: 1,
        };
        let ended = 0;
        for (const seed of [1, 2, 3]) {
          const { message, finish_reason: finish } = await answer(model, { ...more, seed });
          if (finish === 'stop') assert.match(message.content, /^\{"city":"(Paris|Rome)"\}$/);
          else assert.equal(message.content, '');
          ended += finish === 'stop';
        }
        assert.ok(ended > 0);
        const { message } = await answer(model, { tools: [], response_format, max_tokens: 8 });
        assert.deepEqual([message.content, message.reasoning_content.length > 8], ['', true]);
      },
      { template: THINKS },
    );
  },
  async aCallMayFollowAThought() {
    for (const start of ['<think>\\n', ''])
      await using(
        async (model) => {
          for (const budget of [0, 4]) {
            const bias = start ? {} : Object.fromEntries([[(await model.tokenize('<think>'))[0], 100]]);
            const more = { tool_choice: 'required', thinking_budget: budget, logit_bias: bias };
            const { message } = await answer(model, more);
            assert.equal(Boolean(message.reasoning_content), budget > 0);
            assert.ok([weather, clock].some((tool) => tool.function.name === message.tool_calls[0].function.name));
            assert.equal(message.content, null);
          }
        },
        { template: thinks(start) },
      );
  },
  async toolsAndAFormatExcludeNothing() {
    await using(async (model) => {
      const response_format = { type: 'json_schema', json_schema: { name: 'city', schema: object({ city: CITY }) } };
      const said = await answer(model, { response_format });
      assert.match(said.message.content, /^\{"city":"(Paris|Rome)"\}$/);
      const [first] = await model.tokenize('<tool_call>');
      onlyCall(await answer(model, { response_format, logit_bias: { [first]: 100 } }));
    });
  },
  async otherFormsOfCallsFollowTheSchemas() {
    for (const other of [NAMED, APART])
      await using(
        async (model) => {
          for (const seed of [1, 2]) {
            const call = onlyCall(await answer(model, { tool_choice: 'required', temperature: 1.5, seed }));
            if (call.name === 'get_weather') assert.ok(CITY.enum.includes(call.arguments.city));
            else assert.deepEqual(call, { name: 'get_time', arguments: { zone: 'UTC' } });
          }
          const wrong = declared('f', object({ a: { type: 'array', uniqueItems: true } }));
          await assert.rejects(answer(model, { tools: [weather, wrong] }), /the parameters of f: .*#\/properties\/a/);
        },
        { template: other },
      );
  },
  async idsAreMadeShortIfTheTemplateNeedsIt() {
    const short = READS_TOOLS.replace(
      '{%- for call in',
      "{%- for c in m.tool_calls or [] %}{% if c.id | length != 9 %}{{ raise_exception('nine') }}{% endif %}{% endfor %}{%- for call in",
    );
    const called = (id) => [
      ...messages,
      {
        role: 'assistant',
        content: '',
        tool_calls: [{ id, type: 'function', function: { name: 'get_time', arguments: '{"zone":"UTC"}' } }],
      },
      { role: 'tool', tool_call_id: id, content: '12:00' },
    ];
    await using(
      async (model) => {
        const texts = [];
        for (const id of ['abcdefgh1', 'call_0123456789abcdef'])
          texts.push(
            (await answer(model, { messages: called(id), tool_choice: 'none', max_tokens: 8 })).message.content,
          );
        assert.equal(texts[0], texts[1]);
      },
      { template: short },
    );
  },
  async noneCallsNothing() {
    await using(async (model) => {
      const { message, finish_reason: finish } = await answer(model, { tool_choice: 'none' });
      assert.equal(message.tool_calls, undefined);
      assert.notEqual(finish, 'tool_calls');
    });
  },
  async streamsTheNameAndThenTheArguments() {
    await using(async (model) => {
      const whole = await answer(model, { tool_choice: 'required' });
      const pieces = [];
      const chunks = await model.chat.completions.create({ ...request, tool_choice: 'required', stream: true });
      for await (const { choices } of chunks) pieces.push(...(choices[0]?.delta.tool_calls ?? []));
      const [first, ...rest] = pieces;
      assert.equal(first.function.name, whole.message.tool_calls[0].function.name);
      assert.ok(rest.length > 0 && rest.every(({ index, id }) => index === 0 && id === undefined));
      const text = pieces.map((piece) => piece.function.arguments).join('');
      assert.equal(text, whole.message.tool_calls[0].function.arguments);
    });
  },
  async aTemplateThatDoesNotReadToolsIsRefused() {
    const plain = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content }}{% endfor %}";
    await using((model) => assert.rejects(answer(model, {}), /does not read tools/), { template: plain });
  },
  async aCallWithoutAMarkerCannotBeRequired() {
    await using(
      (model) =>
        assert.rejects(answer(model, { tool_choice: 'required' }), /nothing marks the start|does not read tools/),
      { template: template('', '') },
    );
  },
  async anAnswerThatIsLeftDoesNotDisturbTheNext() {
    await using(async (model) => {
      const all = { ...request, tool_choice: 'required', stream: true };
      for (let i = 0; i < 3; i++) for await (const _ of await model.chat.completions.create(all)) break;
      onlyCall(await answer(model, { tool_choice: 'required' }));
    });
  },
  async aCallOutlivesTheContext() {
    const long = declared('write', object({ text: { type: 'string', minLength: 4000 } }));
    const more = { tools: [long], tool_choice: 'required', max_tokens: 300, temperature: 1 };
    await using(
      async (model) => {
        const { message, finish_reason: finish } = await answer(model, more);
        assert.equal(finish, 'length');
        assert.match(message.tool_calls[0].function.arguments, /^\{"text":"[^"]{100}/);
      },
      { contextSize: 192, overflow: 'shift' },
    );
  },
  async runCallsToolsAndPassesTheirResults() {
    await using(async (model) => {
      const run = ({ city }) => {
        if (city === undefined) throw new Error('no city');
        return { city, sky: 'clear' };
      };
      const tools = { get_weather: { description: 'the weather', parameters: object({ city: CITY }), run } };
      const events = [];
      const asked = { messages, tools, tool_choice: 'required', maxRounds: 2, temperature: 0, max_tokens: 60 };
      for await (const event of model.chat.run(asked)) events.push(event);
      const results = events.filter(({ type }) => type === 'result');
      assert.ok(results.length > 0);
      for (const { result } of results) assert.equal(result.sky, 'clear');
      for (const { call } of events.filter(({ type }) => type === 'call')) {
        const written = events.filter((each) => each.type === 'arguments' && each.call.id === call.id);
        assert.ok(written.length > 2 && written[0].call.function.name === 'get_weather', 'arguments are streamed');
        assert.equal(written.map(({ text }) => text).join(''), call.function.arguments);
        assert.deepEqual(written.at(-1).call, call);
        assert.ok(written[0].call.function.arguments.length < call.function.arguments.length);
      }
      const end = events.at(-1);
      assert.equal(end.finish, 'rounds');
      assert.deepEqual(
        end.messages.map(({ role }) => role),
        ['user', 'assistant', 'tool', 'assistant', 'tool'],
      );
    });
  },
  async runRefusesWhatCannotBeRun() {
    await using(async (model) => {
      const tools = { f: { run: () => 1 } };
      const wrong = [
        ...[null, [], 'f', { f: null }, { f: {} }, { f: { run: 5 } }].map((each) => ({ tools: each })),
        ...[0, -1, NaN, 1.5, 'x'].map((maxRounds) => ({ maxRounds })),
        { messages: undefined },
        { messages: 5 },
        { n: 2 },
      ];
      for (const fields of wrong) {
        const param = Object.keys(fields)[0];
        await assert.rejects(model.chat.run({ messages, tools, ...fields }).next(), { name: 'RequestError', param });
      }
    });
  },
  async aRunEndsWhenAToolIgnoresTheAbort() {
    await using(async (model) => {
      const controller = new AbortController();
      const parameters = object({ city: CITY });
      const run = () => {
        controller.abort();
        return new Promise(() => {});
      };
      const asked = { messages, tools: { f: { parameters, run } }, tool_choice: 'required', temperature: 0 };
      const running = async () => {
        for await (const _ of model.chat.run(asked, controller));
      };
      await assert.rejects(running(), { name: 'AbortError' });
    });
  },
  async aRunKeepsNoCallThatALimitHasCut() {
    await using(async (model) => {
      const parameters = object({ text: { type: 'string', minLength: 500 } });
      const asked = { messages, tools: { f: { parameters, run: () => 1 } }, tool_choice: 'required', max_tokens: 40 };
      const events = [];
      for await (const event of model.chat.run(asked)) events.push(event);
      const { finish, messages: all } = events.at(-1);
      assert.equal(finish, 'length');
      assert.deepEqual(Object.keys(all.at(-1)), ['role', 'content']);
    });
  },
  async whateverAToolThrowsIsAnError() {
    await using(async (model) => {
      const run = () => {
        throw 'no network'; // what is no Error, too
      };
      const tools = { f: { parameters: object({ city: CITY }), run } };
      const asked = { messages, tools, tool_choice: 'required', maxRounds: 1, temperature: 0 };
      const events = [];
      for await (const event of model.chat.run(asked)) events.push(event);
      const { error } = events.find(({ type }) => type === 'result');
      assert.ok(error instanceof Error && error.message === 'no network');
    });
  },
};

await printChecks(checks);
process.exit(0);
