/* Prompts and the text of answers, by the package in Node, with edited copies of the tiny models: node text.test.mjs
 * <folder of tests/vectors>. Prints a line of JSON for each check: its name and its error, or null. */
import assert from 'node:assert/strict';
import { loadModel } from '../../web/index.js';
import { editorOf } from './edit-model.mjs';
import { printChecks } from './print_checks.mjs';

const edited = editorOf(process.argv[2]);

async function using(bytes, options, use) {
  const model = await loadModel(bytes, { threads: 1, contextSize: 256, ...options });
  try {
    await use(model);
  } finally {
    await model.free();
  }
}

/* Takes turns of user and assistant, with tool calls and their results in between, like the templates of many families. */
const STRICT = `{% set s = namespace(last='assistant') %}{% for m in messages %}
{%- if m.role == 'system' or m.role == 'developer' %}{% elif m.role == 'tool' and s.last != 'call' %}
{{- raise_exception('a tool result without its call') }}{% elif m.role == 'user' and s.last != 'assistant' %}
{{- raise_exception('roles must alternate') }}{% elif m.role == 'assistant' and s.last not in ['user', 'call'] %}
{{- raise_exception('roles must alternate') }}{% endif %}
{%- if m.tool_calls %}{% set s.last = 'call' %}{% elif m.role != 'tool' %}{% set s.last = m.role %}{% endif %}
{%- if m.role == 'system' or m.role == 'developer' %}{% set s.last = 'assistant' %}{% endif %}
{{- '<' + m.role + '>' + m.content }}{% endfor %}`;

/* A SentencePiece model that puts a space in front of a text, as Llama 2 does. */
const SPM = edited('tiny-gemma3-f32.gguf', {
  add: { 'tokenizer.chat_template': '{% for m in messages %}{{ m.content }}{% endfor %}' },
  replace: { 'tokenizer.ggml.add_space_prefix': 'tokenizer.ggml.no_space_prefix_' },
});

const TEXTS = '{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}';
const TOOLS = `{% if tools %}TOOLS {{ tools | tojson }}{% endif %}${TEXTS}`;
const KEY = 'tokenizer.chat_template';
const hello = [{ role: 'user', content: 'Hello' }];
const tools = [{ type: 'function', function: { name: 'now', parameters: {} } }];
const tiny = (add) => edited('tiny-gemma3-f32.gguf', { add });

const checks = {
  async toolsTakeTheTemplateForTools() {
    await using(tiny({ [KEY]: TEXTS, [`${KEY}.tool_use`]: TOOLS }), {}, async (it) => {
      assert.equal((await it.template(hello)).text, '<user>Hello');
      assert.equal((await it.template(hello, { tools: [] })).text, '<user>Hello');
      assert.match((await it.template(hello, { tools })).text, /^TOOLS .*"now".*<user>Hello$/);
    });
  },
  async aTemplateCanBeGiven() {
    const notes = [];
    const template = '{% for m in messages %}({{ m.content }}){% endfor %}';
    for (const add of [{}, { [KEY]: TEXTS }]) {
      await using(tiny(add), { template, onNote: (note) => notes.push(note) }, async (it) =>
        assert.equal((await it.template(hello)).text, '(Hello)'),
      );
    }
    assert.ok(!notes.some((note) => /template/.test(note)));
    await using(tiny({}), {}, (it) => assert.rejects(it.template(hello), /no chat template/));
  },
  async controlTokensTellTheFormat() {
    const system = { role: 'system', content: 'Be brief.' };
    const answer = { role: 'assistant', content: 'Hi' };
    const cases = {
      ChatML: [
        ['<|im_start|>', '<|im_end|>'],
        '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\nHi<|im_end|>\n' +
          '<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n',
      ],
      Gemma: [
        ['<start_of_turn>', '<end_of_turn>'],
        '<start_of_turn>user\nBe brief.\n\nHello<end_of_turn>\n<start_of_turn>model\nHi<end_of_turn>\n' +
          '<start_of_turn>user\nHello<end_of_turn>\n<start_of_turn>model\n',
      ],
      'Llama 3': [
        ['<|start_header_id|>', '<|eot_id|>'],
        '<|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>' +
          '<|start_header_id|>user<|end_header_id|>\n\nHello<|eot_id|>' +
          '<|start_header_id|>assistant<|end_header_id|>\n\nHi<|eot_id|>' +
          '<|start_header_id|>user<|end_header_id|>\n\nHello<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n',
      ],
    };
    for (const [name, [tokens, text]] of Object.entries(cases)) {
      const notes = [];
      const bytes = edited('tiny-gemma3-f32.gguf', { tokens });
      await using(bytes, { onNote: (note) => notes.push(note) }, async (it) => {
        assert.equal((await it.template([system, ...hello, answer, ...hello])).text, text);
        await assert.rejects(it.template(hello, { tools }), /tools need a chat template/);
      });
      assert.ok(
        notes.some((note) => note.includes(`format of ${name},`)),
        notes.join('\n'),
      );
    }
  },
  async namedTemplatesAreEnough() {
    for (const name of ['default', 'rag', 'tool_use']) {
      const add = { [`${KEY}.${name}`]: name === 'tool_use' ? TOOLS : TEXTS };
      await using(tiny(add), {}, async (it) => assert.equal((await it.template(hello)).text, '<user>Hello'));
    }
    await using(tiny({ [`${KEY}.tool_use`]: TOOLS, [`${KEY}.default`]: TEXTS }), {}, async (it) => {
      assert.equal((await it.template(hello)).text, '<user>Hello');
      assert.match((await it.template(hello, { tools })).text, /^TOOLS /);
    });
  },
  async wholeTurnsAreDropped() {
    const say = (role, content, more = {}) => ({ role, content, ...more });
    const call = (name) =>
      say('assistant', '', { tool_calls: [{ type: 'function', function: { name, arguments: '{}' } }] });
    const words = (i) => `${i} ${'word '.repeat(9)}`;
    const turn = (i) => [say('user', words(i)), say('assistant', words(-i))];
    const withCalls = (i) => [say('user', words(i)), call('f'), say('tool', words(i)), say('assistant', words(-i))];
    const round = (i) => [call(`f${i}`), say('tool', words(i))];
    const system = say('system', 'Be brief.');
    const same = turn(7); // one object is used for several messages
    const cases = {
      'an answer is not first': [[], [turn(1), turn(2), turn(3), [say('user', 'So?')]]],
      'a result goes with its call': [[system], [withCalls(1), withCalls(2), [say('user', 'So?')]]],
      'the system may be called developer': [[say('developer', words(0))], [turn(1), turn(2), [say('user', 'So?')]]],
      'equal messages are not the same': [[], [same, same, same, [say('user', 'So?')]]],
      'the last turn keeps its question': [
        [system, say('user', words(0))],
        [round(1), round(2), round(3), round(4), round(5)],
      ],
    };
    await using(tiny({ [KEY]: STRICT }), {}, async (sizes) => {
      for (const [name, [start, groups]] of Object.entries(cases)) {
        const wanted = groups.length > 2 ? groups.slice(2) : groups.slice(1);
        const { length } = (await sizes.template([...start, ...wanted.flat()])).tokens;
        const options = { template: STRICT, overflow: 'shift', contextSize: length + 2 };
        await using(tiny({}), options, async (it) => {
          const { usage } = await it.chat.completions.create({ messages: [...start, ...groups.flat()], max_tokens: 1 });
          assert.equal(usage.prompt_tokens, length, name);
        });
      }
    });
  },
  async theInstructionsStayWhenAnAnswerIsLong() {
    /* What a full context keeps does not depend on the name of the role. */
    const answers = [];
    for (const role of ['system', 'developer']) {
      await using(tiny({ [KEY]: TEXTS }), { overflow: 'shift', contextSize: 48 }, async (it) => {
        const messages = [{ role, content: 'Be brief and say no more.' }, ...hello];
        const request = { messages, max_tokens: 60, temperature: 0, logit_bias: { 1: -100 } };
        answers.push((await it.chat.completions.create(request)).choices[0].message.content);
      });
    }
    assert.equal(answers[0], answers[1]);
  },
  async nullIsTheSameAsAnAbsentField() {
    const nulls = (names) => Object.fromEntries(names.split(' ').map((name) => [name, null]));
    const shared = `max_completion_tokens temperature top_p top_k min_p repeat_penalty frequency_penalty
      presence_penalty logit_bias stop n stream stream_options return_progress`.replace(/\s+/g, ' ');
    await using(SPM, {}, async (model) => {
      const chat = async (more) => {
        const request = { messages: hello, max_tokens: 3, seed: 1, logprobs: true, ...more };
        const { choices, usage } = await model.chat.completions.create(request);
        return { choices, tokens: usage.completion_tokens };
      };
      const plain = await chat({});
      assert.equal(plain.tokens, 3);
      assert.deepEqual(await chat({ ...nulls(shared), ...nulls('tools tool_choice top_logprobs') }), plain);
      assert.deepEqual(await chat({ stream_options: { include_usage: null, include_obfuscation: null } }), plain);
      const fields = { name: null, tool_calls: null, refusal: null };
      const parts = [{ type: 'text', text: 'Hello', cache_control: null }];
      const template = '{% for m in messages %}{{ m.keys() | list | join }}{{ m.content }}{% endfor %}';
      await using(SPM, { template }, async (it) => {
        const { text } = await it.template(hello);
        for (const content of ['Hello', parts])
          assert.equal((await it.template([{ ...hello[0], content, ...fields }])).text, text);
      });
      const complete = async (more) =>
        (await model.completions.create({ prompt: 'in', max_tokens: 3, seed: 1, ...more })).choices;
      assert.deepEqual(
        await complete({ ...nulls(shared), ...nulls('logprobs suffix best_of echo') }),
        await complete(),
      );
      const embed = async (more) => (await model.embeddings.create({ input: 'in', pooling: 'last', ...more })).data;
      assert.deepEqual(await embed(nulls('dimensions encoding_format')), await embed());
      await assert.rejects(embed({ pooling: null }), /names no pooling/);
      await assert.rejects(model.embed('in', { pooling: null }), /names no pooling/);
      const options = { pooling: 'last', normalize: null };
      assert.deepEqual(await model.embed('in', options), await model.embed('in', { pooling: 'last' }));
      const session = await model.session();
      const drawn = async (value) => {
        const names =
          'temperature topP topK minP repeatPenalty frequencyPenalty presencePenalty penaltyLastN logitBias';
        await session.sampling({ ...Object.fromEntries(names.split(' ').map((name) => [name, value])), seed: 1 });
        return Promise.all(Array.from({ length: 20 }, () => session.sample()));
      };
      await session.prefill(await model.tokenize('in the'));
      assert.deepEqual(await drawn(null), await drawn(undefined));
    });
  },
  async fieldsAreReadOrRefused() {
    await using(SPM, { template: `{{ color }}{{ enable_thinking }}${TEXTS}` }, async (model) => {
      const request = { messages: hello, max_tokens: 6, temperature: 0, logprobs: true, ignore_eos: true };
      const ids = async (more) => {
        const [{ logprobs }] = (await model.chat.completions.create({ ...request, ...more })).choices;
        return (logprobs?.content ?? []).map(({ id }) => id);
      };
      const plain = await ids();
      assert.equal(plain.length, 6);
      const neutral = { user: 'me', store: true, model: 'any', typical_p: 1, response_format: { type: 'text' } };
      assert.deepEqual(await ids(neutral), plain);
      assert.deepEqual(await ids({ max_tokens: null, n_predict: 2 }), plain.slice(0, 2));
      assert.deepEqual(await ids({ max_tokens: 0 }), []);
      assert.deepEqual(await ids({ stop: Array(16).fill('never') }), plain);
      assert.deepEqual(await ids({ repeat_penalty: 50 }), await ids({ repetition_penalty: 50 }));
      assert.ok(!(await ids({ stop_token_ids: [plain[0]], min_tokens: 3 })).slice(0, 3).includes(plain[0]));
      assert.deepEqual(await ids({ stop_token_ids: [plain[0]] }), []);
      const kwargs = { chat_template_kwargs: { color: 'red' }, enable_thinking: false };
      assert.notDeepEqual(await ids(kwargs), plain);
      const variables = { color: 'red', continue_final_message: true };
      const begun = [...hello, { role: 'assistant', content: 'Oh <eos>' }];
      const { text, tokens } = await model.template(begun, variables);
      assert.equal(text, 'red<user>HelloOh <eos>');
      const started = await model.template(hello, { color: 'red' });
      const spaced = ' Oh <eos>'; /* this tokenizer puts a space in front of every text */
      assert.equal(await model.detokenize(tokens), (await model.detokenize(started.tokens)) + spaced);
      await assert.rejects(model.template(hello, variables), { param: 'messages' });
      const refused = { made_up: 1, guided_json: {}, tool_choice: 'required', best_of: 2, min_tokens: 7 };
      for (const [name, value] of Object.entries(refused))
        await assert.rejects(ids({ [name]: value }), { name: 'RequestError', param: name });
      await assert.rejects(model.completions.create({ prompt: 'a', enable_thinking: true }), {
        param: 'enable_thinking',
        code: 'unsupported_parameter',
      });
      await assert.rejects(model.embeddings.create({ input: 'a', pooling: 'last', truncate: 'END' }), {
        param: 'truncate',
      });
    });
  },
  async promptAndCompletionAreTheTextOfAllTokens() {
    await using(SPM, {}, async (model) => {
      const [the] = (await model.tokenize('the', { addSpecial: false })).slice(0, 1);
      assert.equal(await model.detokenize([the]), 'the');
      assert.equal(await model.detokenize([the], { continues: true }), ' the');
      const request = { max_tokens: 12, logprobs: 1, logit_bias: { [the]: 3 }, temperature: 1 };
      for (let seed = 0, spaces = 0; seed < 20 || spaces === 0; seed++) {
        const messages = [{ role: 'user', content: 'in the' }];
        const chat = await model.chat.completions.create({ ...request, messages, logprobs: true, seed });
        const [{ message, logprobs }] = chat.choices;
        const { tokens } = await model.template(messages);
        const ids = logprobs.content.map(({ id }) => id);
        const prompt = await model.detokenize(tokens);
        const all = await model.detokenize([...tokens, ...ids]);
        assert.equal(prompt + message.content, all);
        spaces += message.content.startsWith(' ');
        const [{ text, logprobs: listed }] = (await model.completions.create({ ...request, prompt: 'in the', seed }))
          .choices;
        assert.equal(text, message.content);
        const bytes = logprobs.content.flatMap((token) => token.bytes);
        assert.equal(new TextDecoder().decode(new Uint8Array(bytes)), text);
        assert.equal(listed.tokens.length, logprobs.content.length);
        assert.ok(seed < 200);
      }
    });
  },
};

await printChecks(checks);
process.exit();
