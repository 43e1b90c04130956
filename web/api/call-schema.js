/* The JSON Schema of a call, made of those of the tools' parameters. */
import { RequestError } from './requests.js';

/**
 * @import { Format } from '../engine.js'
 *
 * @typedef {{ type?: string, function: { name: string, description?: string | null, strict?: boolean | null,
 *   parameters?: Record<string, unknown> | true | null } }} Tool
 */

/** Keywords whose values are data, and those whose values are objects of schemas. */
const OF_DATA = ['const', 'enum', 'default', 'examples'];
const OF_SCHEMAS = ['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'];

/** What JSON escapes in a name: the reader of calls compares names as they are written. */
const ESCAPED = /["\\\p{Cc}]/u;

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

const MAX_NAME = 256; // bytes, of those that the reader of calls knows

/**
 * Throws if a tool is not one that a model can call.
 * @param {unknown} tool
 * @param {number} index
 * @returns {Tool}
 */
function checkedTool(tool, index) {
  const name = `tools[${index}]`;
  const { type = 'function', function: called } = /** @type {any} */ (tool ?? {});
  const fail = (/** @type {string} */ text) => {
    throw new RequestError(`${name}${text}`, 'tools');
  };
  if (type !== 'function') fail('.type must be function');
  if (typeof called?.name !== 'string') fail(' must have a function with a name');
  const { name: text, description, parameters, strict } = called;
  if (text === '' || ESCAPED.test(text))
    fail('.function.name must have a character, and neither quotes, backslashes nor control characters');
  if (new TextEncoder().encode(text).length > MAX_NAME) fail(`.function.name must have at most ${MAX_NAME} bytes`);
  if (typeof (description ?? '') !== 'string') fail('.function.description must be a text');
  if (typeof (strict ?? false) !== 'boolean') fail('.function.strict must be true or false');
  if (!isObject(parameters ?? {}) && parameters !== true) fail('.function.parameters must be a JSON Schema');
  if ((parameters?.type ?? 'object') !== 'object') fail('.function.parameters must be of the type object');
  return /** @type {Tool} */ (tool);
}

/**
 * The tools of a request. Throws if some cannot be called, or have the same name.
 * @param {unknown} given
 */
export function checkedTools(given) {
  const tools = /** @type {unknown[]} */ (given ?? []).map(checkedTool);
  const names = tools.map((tool) => tool.function.name);
  for (const [index, name] of names.entries()) {
    const first = names.indexOf(name);
    if (first !== index)
      throw new RequestError(`tools[${index}].function.name: tools[${first}] has the same name, ${name}`, 'tools');
  }
  return tools;
}

/**
 * A schema as a part of another, at the JSON pointer `base`: its references are relative to the whole.
 * @param {unknown} schema
 * @param {string} base
 * @param {boolean} formats whether to keep the keyword `format`
 * @returns {unknown}
 */
function moved(schema, base, formats) {
  if (Array.isArray(schema)) return schema.map((each) => moved(each, base, formats));
  if (!isObject(schema)) return schema;
  const members = Object.entries(schema).map(([key, value]) => {
    if (OF_DATA.includes(key)) return [key, value];
    if (key === '$ref' && typeof value === 'string' && /^#(\/|$)/.test(value)) return [key, base + value.slice(1)];
    if (!OF_SCHEMAS.includes(key) || !isObject(value)) return [key, moved(value, base, formats)];
    return [key, Object.fromEntries(Object.entries(value).map(([name, each]) => [name, moved(each, base, formats)]))];
  });
  return Object.fromEntries(members.filter(([key]) => formats || key !== 'format'));
}

/**
 * The key of a call's arguments.
 * @param {Tool} tool
 * @param {Format['description']} description
 */
const keyOf = (tool, { calls, arguments_key: key }) => (calls === 'named' ? tool.function.name : String(key));

/**
 * A key in a JSON pointer that is part of a reference.
 * @param {string} key
 */
const pointerKey = (key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));

/**
 * Where the arguments of a tool are in the schema of a call.
 * @param {Tool[]} tools
 * @param {number} index
 * @param {Format['description']} description
 */
const pointerOf = (tools, index, description) =>
  `#${tools.length === 1 ? '' : `/anyOf/${index}`}/properties/${pointerKey(keyOf(tools[index], description))}`;

/**
 * The schema of a tool's arguments, at the JSON pointer `base` of another schema. Without `strict`, the keyword `format`
 * only describes.
 * @param {Tool} tool
 * @param {string} base
 */
function parametersSchema({ function: { parameters, strict } }, base) {
  const schema = parameters === true ? {} : moved(parameters ?? {}, base, strict === true);
  return { type: 'object', .../** @type {object} */ (schema) };
}

/**
 * The JSON Schema of a tool's arguments.
 * @param {Tool} tool
 */
export const argumentsSchema = (tool) => JSON.stringify(parametersSchema(tool, '#'));

/**
 * The JSON Schema of a call: its name, and the arguments that the tool declares.
 * @param {Tool[]} tools
 * @param {Format['description']} description
 */
export function callSchema(tools, description) {
  const one = (/** @type {Tool} */ tool, /** @type {number} */ index) => {
    const schema = parametersSchema(tool, pointerOf(tools, index, description));
    /** @type {[string, object][]} */
    const members = [[keyOf(tool, description), schema]];
    if (description.calls === 'object') members.unshift([String(description.name_key), { const: tool.function.name }]);
    return {
      type: 'object',
      properties: Object.fromEntries(members),
      required: members.map(([key]) => key),
      additionalProperties: false,
    };
  };
  return JSON.stringify(tools.length === 1 ? one(tools[0], 0) : { anyOf: tools.map(one) });
}

/**
 * The error of a schema of calls, in terms of the tool's own schema.
 * @param {string} message
 * @param {Tool[]} tools
 * @param {Format['description']} description
 * @param {Tool} [of] the tool, if the schema was that of its arguments
 */
export function toolError(message, tools, description, of) {
  const index = of ? -1 : tools.findIndex((_, i) => message.includes(`${pointerOf(tools, i, description)}/`));
  const tool = of ?? tools[index];
  if (!tool) return new RequestError(`tools: ${message}`, 'tools');
  const text = of ? message : message.replace(pointerOf(tools, index, description), '#');
  return new RequestError(`tools: the parameters of ${tool.function.name}: ${text}`, 'tools');
}
