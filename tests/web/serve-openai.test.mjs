/* Tests a running ./quern serve with OpenAI's JavaScript client: node serve-openai.test.mjs <base URL> <model> <the
 * command line's greedy answer>. Prints a line of JSON per check: its name and its error, or null. */
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const [baseURL, model, text] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0 });
const messages = [{ role: 'user', content: 'What is the capital of France?' }];
const greedy = { model, messages, temperature: 0, max_tokens: 24 };
const create = (more = {}, options = {}) => client.chat.completions.create({ ...greedy, ...more }, options);

const checks = {
  async listsModels() {
    const ids = [];
    for await (const each of client.models.list()) ids.push(each.id);
    assert.ok(ids.includes(model));
    assert.equal((await client.models.retrieve(model)).id, model);
  },
  async chats() {
    const {
      choices: [choice],
      usage,
    } = await create();
    assert.equal(choice.message.content, text);
    assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
  },
  async streams() {
    let streamed = '';
    let usage;
    for await (const chunk of await create({ stream: true, stream_options: { include_usage: true } })) {
      streamed += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    assert.equal(streamed, text);
    assert.ok(usage.completion_tokens > 0);
  },
  async streamsThroughTheHelper() {
    const runner = client.chat.completions.stream(greedy);
    assert.equal((await runner.finalChatCompletion()).choices[0].message.content, text);
  },
  async stopsAndCounts() {
    const {
      choices: [choice],
    } = await create({ stop: text.slice(8, 14) });
    assert.equal(choice.message.content, text.slice(0, 8));
    const few = await create({ max_tokens: 2, n: 2 });
    assert.deepEqual(
      few.choices.map(({ finish_reason: reason }) => reason),
      ['length', 'length'],
    );
    assert.equal(few.usage.completion_tokens, 4);
  },
  async repeatsWithASeed() {
    const once = await create({ temperature: 1.5, seed: 3 });
    assert.equal(
      (await create({ temperature: 1.5, seed: 3 })).choices[0].message.content,
      once.choices[0].message.content,
    );
  },
  async returnsProbabilities() {
    const {
      choices: [{ logprobs }],
    } = await create({ logprobs: true, top_logprobs: 2 });
    assert.equal(logprobs.content.map(({ token }) => token).join(''), text);
  },
  async probabilitiesEndWithTheText() {
    const [whole] = (await create({ logprobs: true })).choices;
    const tokens = whole.logprobs.content.map(({ token }) => token);
    const request = { model, prompt: 'One, two, three,', temperature: 0, max_tokens: 8, logprobs: 0 };
    const [counted] = (await client.completions.create(request)).choices;
    const tokensBefore = (list, end) => list.filter((_, i) => list.slice(0, i).join('').length < end);
    for (const length of [1, 3, 9]) {
      for (let from = 0; from + length <= text.length && from < 30; from += 5) {
        const stop = text.slice(from, from + length);
        const kept = tokensBefore(tokens, text.indexOf(stop));
        const [{ message, logprobs }] = (await create({ logprobs: true, stop })).choices;
        assert.equal(message.content, text.slice(0, text.indexOf(stop)));
        assert.deepEqual(
          (logprobs?.content ?? []).map(({ token }) => token),
          kept,
          stop,
        );
      }
      const stop = counted.text.slice(7, 7 + length);
      const kept = tokensBefore(counted.logprobs.tokens, counted.text.indexOf(stop));
      const [{ logprobs }] = (await client.completions.create({ ...request, stop })).choices;
      assert.deepEqual(logprobs?.tokens ?? [], kept, stop);
    }
    let shown = '';
    let listed = '';
    for await (const { choices } of await create({ logprobs: true, stop: [text.slice(20, 28), 'e x'], stream: true })) {
      shown += choices[0].delta.content ?? '';
      for (const { token } of choices[0].logprobs?.content ?? []) {
        assert.ok(listed.length < shown.length);
        listed += token;
      }
    }
    assert.ok(shown.length > 0 && listed.startsWith(shown));
  },
  async responds() {
    const asked = { model, input: messages[0].content, temperature: 0, max_output_tokens: 24 };
    const response = await client.responses.create(asked);
    assert.equal(response.output_text, text);
    assert.equal(response.model, model);
    assert.equal(response.usage.total_tokens, response.usage.input_tokens + response.usage.output_tokens);
    const { usage } = await create();
    assert.deepEqual(
      [response.usage.input_tokens, response.usage.output_tokens],
      [usage.prompt_tokens, usage.completion_tokens],
    );
    const parts = [{ type: 'input_text', text: messages[0].content }];
    for (const input of [messages, [{ type: 'message', role: 'user', content: parts }]])
      assert.equal((await client.responses.create({ ...asked, input })).output_text, text);
    const system = { role: 'system', content: 'Speak like a pirate.' };
    const pirate = (await create({ messages: [system, ...messages] })).choices[0].message.content;
    assert.equal((await client.responses.create({ ...asked, instructions: system.content })).output_text, pirate);
    const history = [...messages, ...response.output, { role: 'user', content: 'And of Spain?' }];
    assert.ok(
      (await client.responses.create({ ...asked, input: history })).usage.input_tokens > usage.prompt_tokens + 5,
    );
    const short = await client.responses.create({ ...asked, max_output_tokens: 2 });
    assert.deepEqual([short.status, short.incomplete_details.reason], ['incomplete', 'max_output_tokens']);
  },
  async responsesAreStreamed() {
    const asked = { model, input: messages[0].content, temperature: 0, max_output_tokens: 3 };
    const events = [];
    for await (const event of await client.responses.create({ ...asked, stream: true })) events.push(event);
    const types = events.map(({ type }) => type.replace('response.', ''));
    assert.deepEqual(
      types.filter((type) => type !== 'output_text.delta'),
      [
        'created',
        'in_progress',
        'output_item.added',
        'content_part.added',
        'output_text.done',
        'content_part.done',
        'output_item.done',
        'incomplete',
      ],
    );
    assert.deepEqual(
      events.map(({ sequence_number: number }) => number),
      events.map((_, i) => i),
    );
    const whole = events.at(-1).response;
    const deltas = events.map(({ delta }) => delta ?? '').join('');
    assert.equal(deltas, whole.output[0].content[0].text);
    assert.ok(text.startsWith(deltas) && deltas.length > 3);
    const runner = client.responses.stream({ ...asked, max_output_tokens: 24 });
    const final = await runner.finalResponse();
    assert.deepEqual([final.output_text, final.status, final.usage.output_tokens > 3], [text, 'completed', true]);
  },
  async responsesRefuseWhatTheyDoNotSupport() {
    const refused = {
      tools: [[{ type: 'web_search' }], /must be of type function/],
      previous_response_id: ['resp_1', /responses are not stored/],
      conversation: ['conv_1', /not stored/],
      tool_choice: [{ type: 'allowed_tools' }, /allowed_tools/],
      truncation: ['auto', /truncation/],
      background: [true, /background/],
      text: [{ verbosity: 'low' }, /verbosity/],
      include: [['message.output_text.logprobs'], /include/],
      n: [2, /n is/],
      max_tokens: [5, /max_output_tokens/],
      made_up: [1, /made_up/],
    };
    for (const [name, [value, message]] of Object.entries(refused))
      for (const stream of [false, true])
        await assert.rejects(client.responses.create({ model, input: 'a', stream, [name]: value }), (error) => {
          assert.deepEqual([error.status, error.param, error.code], [400, name, 'unsupported_parameter']);
          return message.test(error.message);
        });
    const call = { type: 'function_call', call_id: '1', name: 'f' };
    const output = { type: 'function_call_output', call_id: '1', output: 'a' };
    const image = { role: 'user', content: [{ type: 'input_image', image_url: 'a' }] };
    for (const input of [[], undefined, 5, [call], [output], [image], [{ role: 'user' }]])
      await assert.rejects(client.responses.create({ model, input }), { status: 400, param: 'input' });
    const neutral = {
      store: true,
      tools: [],
      tool_choice: 'auto',
      truncation: 'disabled',
      user: 'me',
      top_logprobs: 0,
    };
    const { store, status } = await client.responses.create({ model, input: 'a', max_output_tokens: 1, ...neutral });
    assert.deepEqual([store, status], [false, 'incomplete']);
    const nulls = {
      instructions: null,
      tools: null,
      previous_response_id: null,
      reasoning: null,
      max_output_tokens: null,
    };
    await client.responses.create({ model, input: 'a', stop: ' ', ...nulls });
    await assert.rejects(client.responses.create({ model, input: 'a', max_output_tokens: 0 }), {
      param: 'max_output_tokens',
    });
  },
  async completes() {
    let streamed = '';
    const request = { model, prompt: 'One, two, three,', temperature: 0, max_tokens: 6 };
    for await (const chunk of await client.completions.create({ ...request, stream: true }))
      streamed += chunk.choices[0].text;
    assert.equal(streamed, (await client.completions.create(request)).choices[0].text);
  },
  async canBeAborted() {
    const controller = new AbortController();
    const stream = await create(
      { max_tokens: 900, stream: true, logit_bias: { 0: -100, 2: -100 } },
      { signal: controller.signal },
    );
    let count = 0;
    for await (const chunk of stream) if (chunk && ++count === 3) controller.abort();
    assert.ok(count < 10);
    assert.equal((await create()).choices[0].message.content, text);
  },
  async embeds() {
    const {
      data: [{ embedding }],
    } = await client.embeddings.create({ model: 'bert-f32', input: 'the harbour' });
    assert.ok(embedding.length === 32 && Math.abs(Math.hypot(...embedding) - 1) < 1e-5);
  },
  async reportsErrors() {
    await assert.rejects(create({ model: 'gpt-4o' }), { status: 404, code: 'model_not_found' });
    await assert.rejects(create({ temperature: 'hot' }), { status: 400, param: 'temperature' });
    await assert.rejects(create({ stream: true, messages: [] }), { status: 400, param: 'messages' });
    await assert.rejects(client.embeddings.create({ model, input: 'Hello' }), { status: 400, param: 'pooling' });
  },
};

for (const [name, check] of Object.entries(checks)) {
  const error = await check().then(
    () => null,
    (failure) => String(failure.stack ?? failure),
  );
  console.log(JSON.stringify({ name, error }));
}
