/* The items of a response: messages and calls, in both directions. */
import { randomUUID } from 'node:crypto';
import { RequestError } from '../../api/requests.js';

const newId = (kind) => `${kind}_${randomUUID().replaceAll('-', '')}`;
const partOf = (text) => ({ type: 'output_text', text, annotations: [], logprobs: [] });
const thoughtOf = (text) => ({ type: 'reasoning_text', text });
const TEXT_PARTS = ['input_text', 'output_text', 'text'];
const THOUGHT_PARTS = ['reasoning_text', 'summary_text'];

/* The text of an item's content. */
function textOf(content, types = TEXT_PARTS) {
  const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  if (!Array.isArray(parts)) throw new RequestError('content must be a text or a list of text parts', 'input');
  const texts = parts.map((part) => {
    if (!types.includes(part?.type) || typeof part.text !== 'string')
      throw new RequestError(`content of type ${part?.type} is not supported`, 'input');
    return part.text;
  });
  return texts.join('');
}

function requireTexts(item, names) {
  for (const name of names)
    if (typeof item[name] !== 'string') throw new RequestError(`a ${item.type} must have a text ${name}`, 'input');
}

/* The message of the assistant that an item belongs to: the last one, unless it has what would come behind the item. */
function answerOf(messages, parts) {
  const last = messages.at(-1);
  if (last?.role === 'assistant' && parts.every((part) => !last[part])) return last;
  messages.push({ role: 'assistant', content: '' });
  return messages.at(-1);
}

/* Adds what an item of the input says to the messages of a chat. Reasoning, text and calls in a row are one message. */
function addItem(messages, item) {
  const { type = 'message', role, content } = item ?? {};
  if (type === 'function_call') {
    requireTexts(item, ['call_id', 'name', 'arguments']);
    const call = { id: item.call_id, type: 'function', function: { name: item.name, arguments: item.arguments } };
    const message = answerOf(messages, []);
    message.tool_calls = [...(message.tool_calls ?? []), call];
  } else if (type === 'reasoning') {
    const text = textOf((content?.length ? content : item.summary) ?? [], THOUGHT_PARTS);
    if (text) answerOf(messages, ['reasoning_content', 'content', 'tool_calls']).reasoning_content = text;
  } else if (type === 'message' && role === 'assistant') {
    answerOf(messages, ['content', 'tool_calls']).content = textOf(content);
  } else if (type === 'function_call_output') {
    requireTexts(item, ['call_id']);
    const calls = messages.flatMap(({ tool_calls: made = [] }) => made);
    const call = calls.find(({ id }) => id === item.call_id);
    if (!call) throw new RequestError(`function_call_output: there is no call ${item.call_id} before it`, 'input');
    messages.push({ role: 'tool', tool_call_id: call.id, name: call.function.name, content: textOf(item.output) });
  } else if (type === 'message' && typeof role === 'string') messages.push({ role, content: textOf(content) });
  else
    throw new RequestError(
      `input of type ${type} is not supported: an item must be a message with a role, reasoning, a function_call or a function_call_output`,
      'input',
    );
}

/* The messages of a chat that the items of an input stand for. */
export function messagesOfItems(items) {
  const messages = [];
  for (const item of items) addItem(messages, item);
  return messages;
}

/* The output of a response, from the pieces of an answer. The methods yield the events. */
export class OutputItems {
  /** @type {any[]} */
  #done = [];
  /** The item that is being written. @type {any} */
  #open = null;

  /* The items that have ended. */
  get list() {
    return this.#done;
  }

  get isEmpty() {
    return !this.#open && this.#done.length === 0;
  }

  get #at() {
    return { item_id: this.#open.id, output_index: this.#done.length };
  }

  *#begin(item) {
    this.#open = item;
    yield { type: 'response.output_item.added', output_index: this.#done.length, item: { ...item } };
  }

  /* Makes an item of this type, with one part, the open one, and adds to its text. */
  *#add(delta, type, kind, part, fields) {
    if (this.#open?.type !== type) {
      yield* this.end('completed');
      yield* this.#begin({ id: newId(kind), type, status: 'in_progress', ...fields, content: [] });
      yield { type: 'response.content_part.added', ...this.#at, content_index: 0, part };
      this.#open.content = [part];
    }
    this.#open.content[0] = { ...part, text: this.#open.content[0].text + delta };
  }

  *text(delta) {
    yield* this.#add(delta, 'message', 'msg', partOf(''), { role: 'assistant' });
    if (delta) yield { type: 'response.output_text.delta', ...this.#at, content_index: 0, delta, logprobs: [] };
  }

  *reasoning(delta) {
    yield* this.#add(delta, 'reasoning', 'rs', thoughtOf(''), { summary: [] });
    yield { type: 'response.reasoning_text.delta', ...this.#at, content_index: 0, delta };
  }

  /* A piece of a call, as chunks of a chat have it. */
  *call({ id, function: { name, arguments: delta } }) {
    if (id !== undefined) {
      yield* this.end('completed');
      const call = { type: 'function_call', call_id: id, name, arguments: '', status: 'in_progress' };
      yield* this.#begin({ id: newId('fc'), ...call });
    }
    this.#open.arguments += delta;
    if (delta) yield { type: 'response.function_call_arguments.delta', ...this.#at, delta };
  }

  /* Ends the item that is open, if there is one. */
  *end(status) {
    if (!this.#open) return;
    const item = { ...this.#open, status };
    if (item.type !== 'function_call') {
      const [part] = item.content;
      const text = { ...this.#at, content_index: 0, text: part.text };
      if (item.type === 'message') yield { type: 'response.output_text.done', ...text, logprobs: [] };
      else yield { type: 'response.reasoning_text.done', ...text };
      yield { type: 'response.content_part.done', ...this.#at, content_index: 0, part };
    } else {
      const { name, arguments: text } = item;
      yield { type: 'response.function_call_arguments.done', ...this.#at, name, arguments: text };
    }
    yield { type: 'response.output_item.done', output_index: this.#done.length, item };
    this.#done.push(item);
    this.#open = null;
  }
}
