/* The items of a response: messages and calls, in both directions. */
import { randomUUID } from 'node:crypto';
import { RequestError } from '../../api/requests.js';

const newId = (kind) => `${kind}_${randomUUID().replaceAll('-', '')}`;
const partOf = (text) => ({ type: 'output_text', text, annotations: [], logprobs: [] });
const TEXT_PARTS = ['input_text', 'output_text', 'text'];

/* The text of an item's content. */
function textOf(content) {
  const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  if (!Array.isArray(parts)) throw new RequestError('content must be a text or a list of text parts', 'input');
  const texts = parts.map((part) => {
    if (!TEXT_PARTS.includes(part?.type) || typeof part.text !== 'string')
      throw new RequestError(`content of type ${part?.type} is not supported`, 'input');
    return part.text;
  });
  return texts.join('');
}

function requireTexts(item, names) {
  for (const name of names)
    if (typeof item[name] !== 'string') throw new RequestError(`a ${item.type} must have a text ${name}`, 'input');
}

/* Adds what an item of the input says to the messages of a chat. Calls belong to the message before them. */
function addItem(messages, item) {
  const { type = 'message', role, content } = item ?? {};
  const last = messages.at(-1);
  if (type === 'function_call') {
    requireTexts(item, ['call_id', 'name', 'arguments']);
    const call = { id: item.call_id, type: 'function', function: { name: item.name, arguments: item.arguments } };
    if (last?.role === 'assistant') last.tool_calls = [...(last.tool_calls ?? []), call];
    else messages.push({ role: 'assistant', content: '', tool_calls: [call] });
  } else if (type === 'function_call_output') {
    requireTexts(item, ['call_id']);
    const calls = messages.flatMap(({ tool_calls: made = [] }) => made);
    const call = calls.find(({ id }) => id === item.call_id);
    if (!call) throw new RequestError(`function_call_output: there is no call ${item.call_id} before it`, 'input');
    messages.push({ role: 'tool', tool_call_id: call.id, name: call.function.name, content: textOf(item.output) });
  } else if (type === 'message' && typeof role === 'string') messages.push({ role, content: textOf(content) });
  else
    throw new RequestError(
      `input of type ${type} is not supported: an item must be a message with a role, a function_call or a function_call_output`,
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

  *text(delta) {
    if (this.#open?.type !== 'message') {
      yield* this.end('completed');
      yield* this.#begin({
        id: newId('msg'),
        type: 'message',
        role: 'assistant',
        status: 'in_progress',
        content: [],
      });
      yield { type: 'response.content_part.added', ...this.#at, content_index: 0, part: partOf('') };
      this.#open.content = [partOf('')];
    }
    this.#open.content[0].text += delta;
    if (delta) yield { type: 'response.output_text.delta', ...this.#at, content_index: 0, delta, logprobs: [] };
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
    if (item.type === 'message') {
      const [part] = item.content;
      yield { type: 'response.output_text.done', ...this.#at, content_index: 0, text: part.text, logprobs: [] };
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
