/* POST /v1/responses: OpenAI's newer endpoint, answered by a chat. Responses are not stored. */
import { randomUUID } from 'node:crypto';
import { booleanField, integerField, present, presentFields, RequestError } from '../../api/requests.js';
import { EventStream } from './events.js';
import { readJson, sendJson } from './http.js';
import { Stopwatch } from './metrics.js';
import { closeSignal, httpError, loadedModel, statusOf } from './openai.js';
import { messagesOfItems, OutputItems } from './response-items.js';

/* What to send instead of a field that is refused. */
const REFUSED = {
  previous_response_id: 'responses are not stored; send the whole conversation as input',
  conversation: 'conversations are not stored; send all messages as input',
  prompt: 'prompts are not stored; send instructions and input',
  messages: 'use input',
  max_tokens: 'use max_output_tokens',
  max_completion_tokens: 'use max_output_tokens',
  n_predict: 'use max_output_tokens',
  reasoning_effort: 'use reasoning.effort',
  n: 'there is one answer',
  logprobs: 'use /v1/chat/completions',
  return_progress: 'use /v1/chat/completions',
};

const isObject = (value) => typeof value === 'object' && !Array.isArray(value);

/* Whether the field `text` asks for nothing that is unknown. */
function isKnownText(text) {
  const { format = {}, verbosity = 'medium', ...others } = isObject(text) ? present(text) : { text };
  return isObject(format) && verbosity === 'medium' && Object.keys(others).length === 0;
}

/* The response_format of a chat that `text.format` stands for. */
function formatOf({ format }) {
  const { type = 'text', ...fields } = format ?? {};
  return type === 'json_schema' ? { type, json_schema: fields } : { type, ...fields };
}

/* Fields whose values ask for nothing special, or that have no effect. */
const NEUTRAL = {
  background: (value) => value === false,
  include: (value) => Array.isArray(value) && value.every((each) => each === 'reasoning.encrypted_content'),
  max_tool_calls: () => true,
  text: isKnownText,
  top_logprobs: (value) => value === 0,
  truncation: (value) => value === 'disabled',
};

function refuse(name, reason = '') {
  throw new RequestError(`${name} is not supported${reason && `: ${reason}`}`, name, 'unsupported_parameter');
}

/* The tools of a chat. Those that OpenAI runs itself, such as web_search, do not exist here. */
function toolsOf({ tools }) {
  if (!Array.isArray(tools)) throw new RequestError('tools must be a list of objects', 'tools');
  return tools.map((tool) => {
    const { type, name, description, parameters, strict } = present(tool ?? {});
    if (type !== 'function') refuse('tools', `a tool must be of type function, not ${JSON.stringify(type)}`);
    return { type, function: present({ name, description, parameters: parameters ?? {}, strict: strict ?? null }) };
  });
}

/* The tool_choice of a chat. */
function choiceOf({ tool_choice: choice }) {
  if (typeof choice !== 'object') return choice;
  if (choice.type !== 'function') refuse('tool_choice', `it cannot be of type ${JSON.stringify(choice.type)}`);
  return { type: 'function', function: { name: choice.name } };
}

function messagesOf({ input, instructions }) {
  const items = typeof input === 'string' ? [{ role: 'user', content: input }] : input;
  if (!Array.isArray(items) || items.length === 0)
    throw new RequestError('input must be a text or a list with at least one message', 'input');
  if (instructions !== undefined && typeof instructions !== 'string')
    throw new RequestError('instructions must be a text', 'instructions');
  const system = instructions === undefined ? [] : [{ role: 'system', content: instructions }];
  return [...system, ...messagesOfItems(items)];
}

/* The request of a chat. It has the fields that both endpoints share; the chat refuses unknown ones. */
function chatRequestOf(fields) {
  for (const [name, value] of Object.entries(fields)) {
    const neutral = Object.hasOwn(NEUTRAL, name);
    if (neutral ? NEUTRAL[name](value) : !Object.hasOwn(REFUSED, name)) continue;
    refuse(name, Object.hasOwn(REFUSED, name) ? REFUSED[name] : JSON.stringify(value));
  }
  const { input, instructions, max_output_tokens: limit, reasoning, stream, stream_options, ...others } = fields;
  const shared = Object.fromEntries(Object.entries(others).filter(([name]) => !Object.hasOwn(NEUTRAL, name)));
  if (fields.text?.format && fields.response_format !== undefined) refuse('response_format', 'use text.format');
  integerField(fields, 'max_output_tokens', 1, Number.MAX_SAFE_INTEGER, undefined);
  if (reasoning !== undefined && !isObject(reasoning))
    throw new RequestError('reasoning must be an object', 'reasoning');
  return {
    ...shared,
    messages: messagesOf(fields),
    ...(fields.tools !== undefined && { tools: toolsOf(fields) }),
    ...(fields.tool_choice !== undefined && { tool_choice: choiceOf(fields) }),
    ...(fields.text?.format && { response_format: formatOf(fields.text) }),
    max_completion_tokens: limit,
    reasoning_effort: reasoning?.effort,
    reasoning_format: fields.reasoning_format ?? 'auto',
    stream: true,
    stream_options: { include_usage: true },
  };
}

/* The response as far as it is known before the answer. */
const begun = (fields, model) => ({
  id: `resp_${randomUUID().replaceAll('-', '')}`,
  object: 'response',
  created_at: Math.floor(Date.now() / 1000),
  status: 'in_progress',
  background: false,
  error: null,
  incomplete_details: null,
  instructions: fields.instructions ?? null,
  max_output_tokens: fields.max_output_tokens ?? null,
  metadata: fields.metadata ?? {},
  model,
  output: [],
  parallel_tool_calls: fields.parallel_tool_calls ?? true,
  previous_response_id: null,
  reasoning: { effort: fields.reasoning?.effort ?? null, summary: null },
  store: false,
  temperature: fields.temperature ?? null,
  text: { format: fields.text?.format ?? { type: 'text' } },
  tool_choice: fields.tool_choice ?? 'auto',
  tools: fields.tools ?? [],
  top_p: fields.top_p ?? null,
  truncation: 'disabled',
  usage: null,
});

const usageOf = ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: total,
  prompt_tokens_details,
  completion_tokens_details,
}) => ({
  input_tokens: input,
  input_tokens_details: prompt_tokens_details,
  output_tokens: output,
  output_tokens_details: completion_tokens_details,
  total_tokens: total,
});

/* The events of a response, from the chunks of a chat. The last one has the whole response. */
async function* eventsOf(chunks, response) {
  const output = new OutputItems();
  /** @type {any} */
  let finish;
  /** @type {any} */
  let usage;
  let started = false;
  for await (const chunk of chunks) {
    if (!started) {
      yield { type: 'response.created', response };
      yield { type: 'response.in_progress', response };
    }
    started = true;
    const [choice] = chunk.choices;
    finish = choice?.finish_reason ?? finish;
    usage = chunk.usage ?? usage;
    if (choice?.delta.reasoning_content) yield* output.reasoning(choice.delta.reasoning_content);
    if (choice?.delta.content) yield* output.text(choice.delta.content);
    for (const piece of choice?.delta.tool_calls ?? []) yield* output.call(piece);
  }
  const status = finish === 'length' ? 'incomplete' : 'completed';
  if (finish !== 'tool_calls' && output.isEmpty) yield* output.text('');
  yield* output.end(status);
  const details = finish === 'length' ? { reason: 'max_output_tokens' } : null;
  const whole = { ...response, status, incomplete_details: details, output: output.list, usage: usageOf(usage) };
  yield { type: `response.${status}`, response: whole, usage };
}

/* Sends the events; an error after the first one is an event, too. */
async function sendEvents(events, all, metrics, signal) {
  let number = 0;
  const send = (event) => events.send(JSON.stringify({ ...event, sequence_number: number++ }), event.type);
  try {
    for await (const { usage, ...event } of all) {
      if (usage) metrics.addUsage(usage);
      await send(event);
    }
  } catch (error) {
    const { body } = httpError(error);
    if (events.started && !signal.aborted) await send({ ...body.error, ...body, type: 'error' });
    throw error;
  } finally {
    events.end();
  }
}

async function wholeResponse(all, metrics) {
  let last;
  for await (const event of all) last = event;
  metrics.addUsage(last.usage);
  return last.response;
}

export async function respond(entries, request, response) {
  const signal = closeSignal(response);
  const fields = presentFields(await readJson(request));
  const { id, model, metrics } = loadedModel(entries, fields.model);
  const stopwatch = new Stopwatch(metrics);
  await metrics
    .count(async () => {
      const chat = chatRequestOf(fields);
      const events = booleanField(fields, 'stream', false) ? new EventStream(response, signal) : undefined;
      const onProgress = (progress) => {
        events?.start();
        stopwatch.progress(progress);
      };
      const all = eventsOf(await model.chat.completions.create(chat, { signal, onProgress }), begun(fields, id));
      if (events) await sendEvents(events, all, metrics, signal);
      else sendJson(response, 200, await wholeResponse(all, metrics));
    }, statusOf)
    .finally(() => stopwatch.stop());
}
