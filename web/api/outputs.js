/* Reads the output of a model that may call tools or think: splits it into text, reasoning and calls. */
import { areFollowed } from './call-grammars.js';
import { checkedTools } from './call-schema.js';
import { ContentTokens } from './logprobs.js';
import { booleanField, integerField, RequestError } from './requests.js';

/**
 * @import { ChatDelta } from '../index.js'
 * @import { Format, OutputEvent } from '../engine.js'
 * @import { Model } from '../engine/model.js'
 * @import { Tool } from './call-schema.js'
 * @import { SampledToken } from './logprobs.js'
 * @import { Request } from './requests.js'
 *
 * budget: most tokens of reasoning. reasoning: it is separated from the text.
 * @typedef {{ tools: Tool[], forced: boolean, parallel: boolean, budget: number | undefined, reasoning: boolean }}
 *   OutputRequest
 */

const PROMPT_TAIL = 64; // tokens, of which the end says whether the prompt begins reasoning
const CHOICES = ['none', 'auto', 'required'];
const ID_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** An id of a call: nine letters and digits, which the templates of Mistral require. */
const callId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => ID_CHARACTERS[byte % ID_CHARACTERS.length]).join('');

/**
 * The tools that the answer may call.
 * @param {Request} request
 * @returns {{ tools: Tool[], forced: boolean, single: boolean }}
 */
function toolsOf({ tools: given, tool_choice: choice = 'auto' }) {
  const tools = checkedTools(given);
  const { type = 'function', function: called } = /** @type {any} */ (typeof choice === 'object' ? choice : {});
  const named = type === 'function' ? called?.name : undefined;
  if (!CHOICES.includes(/** @type {string} */ (choice)) && typeof named !== 'string')
    throw new RequestError('tool_choice must be none, auto, required, or name a function', 'tool_choice');
  if (choice === 'none') return { tools: [], forced: false, single: false };
  const chosen = named === undefined ? tools : tools.filter((tool) => tool.function.name === named);
  if (named !== undefined && chosen.length === 0)
    throw new RequestError(`tool_choice: there is no tool ${JSON.stringify(named)}`, 'tool_choice');
  if (choice === 'required' && tools.length === 0)
    throw new RequestError('tool_choice required needs tools', 'tool_choice');
  return { tools: chosen, forced: choice !== 'auto', single: named !== undefined };
}

/**
 * What a request asks of the reader; null: the output is text as it is.
 * @param {Request} request
 * @returns {OutputRequest | null}
 */
export function outputRequestOf(request) {
  const { tools, forced, single } = toolsOf(request);
  const budget = integerField(request, 'thinking_budget', 0, 2 ** 31 - 1, undefined);
  const reasoning = request.reasoning_format ?? 'none';
  if (!['none', 'auto', 'deepseek'].includes(/** @type {string} */ (reasoning)))
    throw new RequestError('reasoning_format must be none, auto or deepseek', 'reasoning_format');
  const parallel = booleanField(request, 'parallel_tool_calls', true) && !single;
  if (tools.length === 0 && budget === undefined && reasoning === 'none') return null;
  return { tools, forced, parallel, budget, reasoning: reasoning !== 'none' || budget !== undefined };
}

/** What a grammar of the answer asks of the reader: it applies behind the reasoning. @type {OutputRequest} */
export const READS_REASONING = { tools: [], forced: false, parallel: false, budget: undefined, reasoning: false };

/**
 * Throws if the model cannot do what the request asks. constrained: the field with a grammar of the answer, if there is
 * one.
 * @param {OutputRequest} asked
 * @param {Format} format
 * @param {string} [constrained]
 */
export function checkOutput({ tools, forced }, { description }, constrained) {
  if (tools.length === 0) return;
  if (!description.tools || !description.calls)
    throw new RequestError(
      "the model's chat template does not read tools: it cannot call them",
      'tools',
      'unsupported_parameter',
    );
  const followed = areFollowed(description);
  if (forced && !followed)
    throw new RequestError(
      'tool_choice can only be auto or none for this model: nothing marks the start of its calls, or they are not JSON',
      'tool_choice',
      'unsupported_parameter',
    );
  if (constrained && !followed)
    throw new RequestError(
      `${constrained} cannot be combined with tools for this model: nothing marks the start of its calls, or they are not JSON`,
      constrained,
      'unsupported_parameter',
    );
}

export class OutputReader {
  #model;
  #description;
  #output;
  #decoder;
  #asked;
  /** @type {ChatDelta[]} */
  #deltas = [];
  #mayThink;
  /** Calls that have begun and may turn out to be none. @type {{ id: string, name: string, arguments: string } | null} */
  #open = null;
  /** Text since the last marker that starts calls. */
  #raw = '';
  /** Of the call that a grammar checks. */
  callText = '';
  /** @type {number[]} */
  #injected = [];
  /** Of the text that has been shown. */
  #content = new ContentTokens();
  /** It has not been decided whether the answer begins with a call, a conforming text or reasoning. */
  undecided;
  thinking;
  /** Tokens of reasoning. */
  thought = 0;
  calls = 0;
  /** A grammar checks the call that is being written, so it can be reported while it is. */
  constrained = false;

  /**
   * @param {Model} model
   * @param {Format} format
   * @param {OutputRequest} asked
   * @param {number[]} prompt
   */
  constructor(model, format, asked, prompt) {
    const ids = prompt.slice(-PROMPT_TAIL);
    const tail = new TextDecoder().decode(model.detokenize(ids, { showSpecial: true, continues: true }));
    this.#model = model;
    this.#description = format.description;
    this.#asked = asked;
    this.#output = format.output({ prompt: tail, tools: asked.tools });
    this.#decoder = model.streamDecoder({ continues: true, showSpecial: true });
    const { reasoning_open: open, reasoning_close: close } = format.description;
    this.thinking = open !== '' && tail.trimEnd().endsWith(open);
    this.undecided = !this.thinking;
    this.#mayThink = asked.reasoning && asked.budget !== 0 && !(close && tail.trimEnd().endsWith(close));
    if (this.thinking && asked.budget === 0) this.endThought();
  }

  /** The starts of what the model may begin with instead of what is asked, as tokens. */
  get openings() {
    const { reasoning_open: think, open } = this.#description;
    const { forced, tools } = this.#asked;
    const markers = [this.#mayThink ? think : '', !forced && tools.length ? open : ''];
    return markers.filter((marker) => marker !== '').map((marker) => this.#tokens(marker));
  }

  /**
   * Decides what comes at the start of the answer. chosen: the token that the model would write there; it decides for
   * what it begins. Returns whether reasoning or a call begins.
   * @param {number | undefined} chosen
   */
  decide(chosen) {
    this.undecided = false;
    const opening = this.openings.find(([first]) => first === chosen);
    this.#mayThink = false;
    if (opening) this.#injected.push(...opening);
    else if (this.#asked.forced) this.#beginCall();
    return opening !== undefined || this.#asked.forced;
  }

  /** Ends the reasoning. */
  endThought() {
    this.#asked = { ...this.#asked, budget: undefined };
    this.#injected.push(...this.#tokens(`\n${this.#description.reasoning_close}\n\n`));
  }

  /** A call is forced: its marker comes next. */
  #beginCall() {
    const { open } = this.#description;
    this.#injected.push(...this.#tokens(/^<[^|].*>$/.test(open) ? `${open}\n` : open));
  }

  /** @param {string} text */
  #tokens(text) {
    return this.#model.tokenize(text, { addSpecial: false, parseSpecial: true });
  }

  /** The next token, if it is not the model's choice. */
  next() {
    return this.#injected.shift();
  }

  /** The answer must be a call. */
  get forced() {
    return this.#asked.forced;
  }

  /** Some tokens have been decided. */
  get ending() {
    return this.#injected.length > 0;
  }

  /** Whether nothing but the end may follow. */
  get done() {
    return (this.#asked.forced || !this.#asked.parallel) && this.calls > 0 && !this.#open;
  }

  /** Whether the output is at the start of a call's JSON, which a grammar can follow. */
  get atCall() {
    const { open } = this.#description;
    if (!areFollowed(this.#description) || this.#asked.tools.length === 0 || this.thinking) return false;
    if (this.#injected.length || !this.#raw.trimEnd().endsWith(open)) return false;
    if (/^<[^|].*>$/.test(open) && this.#raw.endsWith('>')) {
      this.#injected = this.#tokens('\n');
      return false;
    }
    this.#raw = this.callText = '';
    return true;
  }

  /**
   * Adds a token and returns the text that it completes, without reasoning and calls.
   * @param {number} id
   * @param {SampledToken | null} [token] the same, if its probability is wanted
   */
  push(id, token = null) {
    const piece = this.#decoder.push(id);
    const control = piece !== '' && this.#model.detokenize([id], { continues: true }).length === 0;
    this.#raw = (this.#raw + piece).slice(-256);
    this.callText += piece;
    this.#content.push(piece, token);
    if (this.thinking) this.thought++;
    const text = this.#read(this.#output.push(piece, control));
    const { budget } = this.#asked;
    if (this.thinking && budget !== undefined && this.thought >= budget && piece !== '') this.endThought();
    return text;
  }

  /** The rest of the output. Of a call that a limit has cut before its name, there is nothing to show. */
  flush() {
    const cut = this.constrained || (this.#asked.forced && this.calls === 0 && !this.thinking && !this.undecided);
    const text = cut ? '' : this.#read(this.#output.push(this.#decoder.flush()));
    const events = this.#output.end();
    return text + this.#read(cut ? events.filter(({ kind }) => kind !== 'text') : events);
  }

  /** The tokens of the text that push and flush have returned since the last call. */
  takeTokens() {
    return this.#content.take();
  }

  /** The changes of the message since the last call, other than its text. */
  take() {
    return this.#deltas.splice(0);
  }

  /** @param {OutputEvent[]} events */
  #read(events) {
    const { reasoning_open: open, reasoning_close: close } = this.#description;
    const raw = this.#open || this.constrained ? '' : this.#raw.trimEnd();
    if (open && raw.endsWith(open) && !this.thinking) {
      this.thinking = true;
      if (this.#asked.budget === 0) this.endThought();
    }
    if (this.thinking && close && raw.endsWith(close)) {
      this.thinking = false;
      this.undecided = this.calls === 0;
    }
    return events.map((event) => this.#event(event)).join('');
  }

  /** @param {OutputEvent} event */
  #event({ kind, text }) {
    switch (kind) {
      case 'text':
        this.#content.settle(text, true);
        return text;
      case 'reasoning':
        this.#content.settle(text, false);
        this.#deltas.push({ reasoning_content: text });
        return '';
      case 'call':
        this.#open = { id: callId(), name: text, arguments: '' };
        if (this.constrained) this.#beginReport(this.#open);
        return '';
      case 'arguments':
        if (this.#open) this.#open.arguments += text;
        if (this.constrained) this.#reportArguments(text);
        return '';
      case 'callEnd':
        this.#content.drop();
        this.#endCall();
        return '';
      default:
        this.#open = null;
        return '';
    }
  }

  /** @param {{ id: string, name: string }} call */
  #beginReport({ id, name }) {
    const index = this.calls++;
    this.#deltas.push({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] });
  }

  /** @param {string} text */
  #reportArguments(text) {
    this.#deltas.push({ tool_calls: [{ index: this.calls - 1, function: { arguments: text } }] });
  }

  #endCall() {
    const call = this.#open;
    this.#open = null;
    if (call && !this.constrained && (this.#asked.parallel || this.calls === 0)) {
      this.#beginReport(call);
      this.#reportArguments(call.arguments);
    }
    this.constrained = false;
  }

  free() {
    this.#output.free();
  }
}
