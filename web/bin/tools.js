/* Tools and reasoning on the command line: --tools and --think. */
import { startEngine } from './engine.js';
import { readText } from './files.js';
import { UsageError } from './options.js';

/* Options that make a grammar of the whole answer, or use no chat template. */
const CONSTRAINTS = ['json-schema', 'grammar', 'regex'];

/* Whether the output must be read, because it may have calls or reasoning. */
export const readsOutput = ({ tools, think }) => tools !== undefined || (think !== undefined && think !== 'off');

/* Throws a UsageError for options that exclude each other. */
export function checkOptions(options) {
  const asked = ['tools', 'think'].filter((name) => options[name] !== undefined);
  const others = [...(readsOutput(options) ? [...CONSTRAINTS, 'mask-stats'] : []), 'raw'];
  const other = others.find((name) => options[name] !== undefined);
  if (asked.length && other) throw new UsageError(`--${asked[0]} and --${other} exclude each other`);
}

/* Where a text stops being JSON, as in "line 2, column 7: expected a value". The engine's reader of JSON says it. */
async function positionOf(text) {
  const before = '{"tools":';
  const { engine } = await startEngine({});
  try {
    engine.prompt(null, `${before}${text}}`, ' ').free();
  } catch (error) {
    const bytes = new TextEncoder().encode(text);
    const lines = new TextDecoder().decode(bytes.subarray(0, error.offset - before.length)).split('\n');
    const reason = error.message.replace(/^JSON: /, '');
    return `line ${lines.length}, column ${lines[lines.length - 1].length + 1}: ${reason}`;
  } finally {
    await engine.stop();
  }
  return 'the text goes on after its end';
}

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/* What is wrong with a tool of a list, and where: [JSON pointer, reason]; undefined if nothing is. */
function faultOf(tool, others) {
  if (!isObject(tool)) return ['', 'must be an object'];
  if ((tool.type ?? 'function') !== 'function') return ['/type', 'must be "function"'];
  const { function: declared } = tool;
  if (!isObject(declared)) return ['/function', 'must be an object with a name'];
  const { name, description = '', parameters = {} } = declared;
  if (typeof name !== 'string' || name === '') return ['/function/name', 'must be a text'];
  if (others.some((other) => other.function.name === name)) return ['/function/name', `"${name}" is there twice`];
  if (typeof description !== 'string') return ['/function/description', 'must be a text'];
  if (!isObject(parameters)) return ['/function/parameters', 'must be an object, a JSON Schema'];
  return undefined;
}

/* The tools of the file that --tools names; undefined if there is none. */
export async function readTools({ tools: path }) {
  if (path === undefined) return undefined;
  const text = new TextDecoder().decode(readText(path));
  let tools;
  try {
    tools = JSON.parse(text);
  } catch (error) {
    throw new Error(`${path}: is not JSON: ${await positionOf(text)}`, { cause: error });
  }
  if (!Array.isArray(tools) || tools.length === 0)
    throw new Error(`${path}: must be a JSON list with at least one tool, as in [{"type": "function", ...}]`);
  for (const [i, tool] of tools.entries()) {
    const fault = faultOf(tool, tools.slice(0, i));
    if (fault) throw new Error(`${path}: #/${i}${fault[0]}: ${fault[1]}`);
  }
  return tools;
}

/* The variables of the chat template that --think sets. */
export const thinkVariables = ({ think }) => (think === undefined ? {} : { enable_thinking: think !== 'off' });

/**
 * The fields of a request that --tools and --think set.
 * @returns {any}
 */
export function outputFields(options, tools) {
  const { think } = options;
  return {
    ...(tools && { tools }),
    ...(think !== undefined && { chat_template_kwargs: thinkVariables(options) }),
    ...(readsOutput(options) && { reasoning_format: 'auto' }),
    ...(typeof think === 'number' && { thinking_budget: think }),
  };
}

/* Throws if a tool's parameters are a schema that cannot be enforced. */
function checkParameters(model, path, tools) {
  for (const [i, { function: declared }] of tools.entries()) {
    try {
      model.engine.grammar(model, 'schema', JSON.stringify({ type: 'object', ...declared.parameters })).free();
    } catch (error) {
      const reason = error.message.replace(/^JSON Schema: #?/, '');
      throw new Error(`${path}: #/${i}/function/parameters${reason}`, { cause: error });
    }
  }
}

/* Whether the template makes another prompt when it is told not to think. */
function canStopThinking(model, template) {
  const [on, off] = [true, false].map((enabled) => {
    const messages = [{ role: 'user', content: 'a' }];
    const variables = { messages, add_generation_prompt: true, now: 0, enable_thinking: enabled };
    const prompt = model.engine.prompt(model, variables, template);
    try {
      return prompt.text;
    } finally {
      prompt.free();
    }
  });
  return on !== off;
}

/* Throws if the model's chat template cannot do what --tools and --think ask. template: undefined if there is none. */
export function checkTemplate(model, template, options, tools) {
  const { think } = options;
  if (!tools && think === undefined) return;
  const where = options.template ?? options.model ?? 'the model';
  if (template === undefined)
    throw new Error(`${where}: has no chat template, which --${tools ? 'tools' : 'think'} needs`);
  const format = model.engine.format(model, template);
  const { description } = format;
  format.free();
  if (tools && !(description.tools && description.calls))
    throw new Error(`${where}: the chat template does not read tools, so --tools is not possible`);
  if (tools && description.calls === 'object') checkParameters(model, options.tools, tools);
  if (think === 'off' && !canStopThinking(model, template))
    throw new Error(`${where}: the chat template has no switch for reasoning, so --think off is not possible`);
  if (think !== undefined && think !== 'off' && description.reasoning_open === '')
    throw new Error(`${where}: the chat template has no reasoning, so --think ${think} is not possible`);
}

/* Prints an answer: text and calls, each as a line of JSON, to standard output, reasoning to standard error. With
 * json, nothing is printed before the end. */
export class AnswerPrinter {
  #json;
  #thought = false; /* the last piece was reasoning */
  #text = false; /* there is text */

  constructor(json) {
    this.#json = json;
  }

  text = (piece) => {
    this.#endThought();
    this.#text = true;
    if (!this.#json) process.stdout.write(piece);
  };

  thought = (piece) => {
    this.#thought = true;
    if (!this.#json) process.stderr.write(piece);
  };

  #endThought() {
    if (this.#thought && !this.#json) process.stderr.write('\n\n');
    this.#thought = false;
  }

  /* Ends what an error has cut. */
  cut() {
    this.#endThought();
    if (this.#text && !this.#json) process.stdout.write('\n');
  }

  /* result: what --json prints. */
  end(calls, result) {
    this.#endThought();
    if (this.#json) {
      process.stdout.write(`${JSON.stringify(result)}\n`);
      return;
    }
    if (this.#text || calls.length === 0) process.stdout.write('\n');
    for (const call of calls) process.stdout.write(`${JSON.stringify(call)}\n`);
  }
}
