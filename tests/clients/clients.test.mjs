/* Tests a running ./quern serve with the AI SDK and LangChain: node clients.test.mjs <base URL> <model>. The server has a
 * template that reads tools. Prints a line of JSON per check: its name and its error, or null. */
import assert from 'node:assert/strict';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool as langchainTool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { generateObject, generateText, stepCountIs, streamObject, streamText, tool } from 'ai';
import { z } from 'zod';

const [baseURL, model] = process.argv.slice(2);
const provider = createOpenAICompatible({ name: 'quern', baseURL, apiKey: 'none', supportsStructuredOutputs: true });
const sdk = { model: provider(model), temperature: 0, maxOutputTokens: 120, maxRetries: 0 };
const person = z.object({
  name: z.string().max(12),
  age: z.number().int().min(0).max(120),
  colors: z.array(z.enum(['red', 'blue'])).max(2),
});
const prompt = 'Describe a person.';
const question = 'What is the weather in Rome?';
const city = z.object({ city: z.enum(['Paris', 'Rome']) });
const run = ({ city: name }) => ({ city: name, sky: 'clear' });
const tools = {
  get_weather: tool({ description: 'The weather in a city', inputSchema: city, execute: async (input) => run(input) }),
};
const chat = (more = {}) =>
  new ChatOpenAI({
    model,
    temperature: 0,
    maxTokens: 120,
    maxRetries: 0,
    apiKey: 'none',
    configuration: { baseURL },
    ...more,
  });
const weather = langchainTool(run, { name: 'get_weather', description: 'The weather in a city', schema: city });

const checks = {
  async sdkGeneratesText() {
    const { text, usage, finishReason } = await generateText({ ...sdk, prompt: question, maxOutputTokens: 8 });
    assert.ok(text.length > 0 && usage.inputTokens > 0 && usage.outputTokens === 8);
    assert.equal(finishReason, 'length');
  },
  async sdkGeneratesAnObject() {
    const { object, finishReason } = await generateObject({ ...sdk, schema: person, prompt });
    assert.deepEqual(person.parse(object), object);
    assert.equal(finishReason, 'stop');
  },
  async sdkGeneratesOtherOutputs() {
    const { object: kind } = await generateObject({ ...sdk, output: 'enum', enum: ['sun', 'rain'], prompt: question });
    assert.ok(['sun', 'rain'].includes(kind));
    const { object: list } = await generateObject({
      ...sdk,
      output: 'array',
      schema: city,
      prompt: 'Name cities.',
      maxOutputTokens: 400,
      temperature: 1,
      seed: 4,
    }).catch((error) => ({ object: JSON.parse(error.text ?? '[]') }));
    for (const each of list) city.parse(each);
    const { object: any } = await generateObject({
      ...sdk,
      output: 'no-schema',
      prompt: 'Write {"a":1}',
      maxOutputTokens: 200,
    }).catch(({ finishReason }) => ({ object: finishReason }));
    assert.ok(typeof any === 'object' || any === 'length');
  },
  async sdkStreamsAnObject() {
    const { partialObjectStream, object } = streamObject({ ...sdk, schema: person, prompt });
    let parts = 0;
    for await (const _ of partialObjectStream) parts++;
    assert.ok(parts > 1);
    person.parse(await object);
  },
  async sdkStreamsCallsInSteps() {
    const results = streamText({
      ...sdk,
      tools,
      prompt: question,
      stopWhen: stepCountIs(3),
      prepareStep: ({ stepNumber }) => ({ toolChoice: stepNumber < 2 ? 'required' : 'none' }),
    });
    const kinds = [];
    for await (const { type, error } of results.fullStream) {
      assert.equal(error, undefined);
      kinds.push(type);
    }
    for (const kind of ['tool-input-start', 'tool-input-delta', 'tool-input-end', 'tool-call', 'tool-result'])
      assert.ok(kinds.includes(kind), kind);
    const steps = await results.steps;
    assert.equal(steps.length, 3);
    for (const step of steps.slice(0, 2)) {
      assert.equal(step.finishReason, 'tool-calls');
      city.parse(step.toolCalls[0].input);
      assert.deepEqual(step.toolResults[0].output, run(step.toolCalls[0].input));
    }
    assert.ok(steps[2].text.length > 0);
  },
  async sdkChoosesTools() {
    const named = await generateText({
      ...sdk,
      tools,
      prompt: question,
      toolChoice: { type: 'tool', toolName: 'get_weather' },
    });
    city.parse(named.toolCalls[0].input);
    const auto = await generateText({ ...sdk, tools, prompt: question });
    assert.ok(auto.text.length > 0 || auto.toolCalls.length > 0);
  },
  async sdkReportsErrors() {
    await assert.rejects(generateText({ ...sdk, prompt, temperature: -1 }), /temperature/);
  },
  async langchainAnswersAndStreams() {
    const answer = await chat({ maxTokens: 8 }).invoke(question);
    assert.ok(answer.content.length > 0 && answer.usage_metadata.output_tokens === 8);
    let text = '';
    for await (const chunk of await chat({ maxTokens: 8 }).stream(question)) text += chunk.content;
    assert.equal(text, answer.content);
  },
  async langchainWritesStructuredOutput() {
    for (const method of ['jsonSchema', 'functionCalling']) {
      const answer = await chat().withStructuredOutput(person, { name: 'person', method, strict: true }).invoke(prompt);
      assert.deepEqual(person.parse(answer), answer, method);
    }
    const raw = await chat().withStructuredOutput(person, { name: 'person', includeRaw: true }).invoke(prompt);
    person.parse(raw.parsed);
  },
  async langchainCallsTools() {
    const bound = chat().bindTools([weather], { tool_choice: 'required' });
    const asked = [new HumanMessage(question)];
    const answer = await bound.invoke(asked);
    const [call] = answer.tool_calls;
    city.parse(call.args);
    const result = await weather.invoke(call);
    assert.ok(result instanceof ToolMessage);
    const after = await chat()
      .bindTools([weather], { tool_choice: 'none' })
      .invoke([...asked, answer, result]);
    assert.ok(after.content.length > 0);
    let whole;
    for await (const chunk of await bound.stream(asked)) whole = whole ? whole.concat(chunk) : chunk;
    assert.deepEqual(whole.tool_calls[0].args, call.args);
  },
  async langchainUsesResponses() {
    const bound = chat({ useResponsesApi: true }).bindTools([weather], { tool_choice: 'get_weather' }); // 'required' is not sent
    const asked = [new HumanMessage(question)];
    const answer = await bound.invoke(asked);
    const result = await weather.invoke(answer.tool_calls[0]);
    const after = await chat({ useResponsesApi: true }).invoke([...asked, answer, result]);
    assert.ok(after.text.length > 0);
  },
};

for (const [name, check] of Object.entries(checks)) {
  const error = await check().then(
    () => null,
    (failure) => String(failure.stack ?? failure),
  );
  console.log(JSON.stringify({ name, error }));
}
