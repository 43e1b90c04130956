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
  if (typeof (description ?? '') !== 'string') fail('.function.description must be a text');
  if (typeof (strict ?? false) !== 'boolean') fail('.function.strict must be true or false');
  if (!isObject(parameters ?? {}) && parameters !== true) fail('.function.parameters must be a JSON Schema');
  if ((parameters?.type ?? 'object') !== 'object') fail('.function.parameters must be of the type object');
  return /** @type {Tool} */ (tool);
}

/** @param {unknown} tools */
export const checkedTools = (tools) => /** @type {unknown[]} */ (tools ?? []).map(checkedTool);

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
 * Where the arguments of a tool are in the schema of a call.
 * @param {Tool[]} tools
 * @param {number} index
 * @param {Format['description']} description
 */
const pointerOf = (tools, index, { arguments_key: key }) =>
  `#${tools.length === 1 ? '' : `/anyOf/${index}`}/properties/${key}`;

/**
 * The JSON Schema of a call: its name, and the arguments that the tool declares. Without `strict`, the keyword `format`
 * only describes.
 * @param {Tool[]} tools
 * @param {Format['description']} description
 */
export function callSchema(tools, description) {
  const { name_key: name, arguments_key: key } = description;
  const one = (/** @type {Tool} */ { function: { name: called, parameters, strict } }, /** @type {number} */ index) => {
    const schema =
      parameters === true ? {} : moved(parameters ?? {}, pointerOf(tools, index, description), strict === true);
    return {
      type: 'object',
      properties: {
        [String(name)]: { const: called },
        [String(key)]: { type: 'object', .../** @type {object} */ (schema) },
      },
      required: [name, key],
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
 */
export function toolError(message, tools, description) {
  const index = tools.findIndex((_, i) => message.includes(`${pointerOf(tools, i, description)}/`));
  if (index < 0) return new RequestError(`tools: ${message}`, 'tools');
  const text = message.replace(pointerOf(tools, index, description), '#');
  return new RequestError(`tools: the parameters of ${tools[index].function.name}: ${text}`, 'tools');
}
