/* Parses the options of a command; the table of them is in commands.js. */
import { parseArgs } from 'node:util';
import { COMMANDS } from './commands.js';

export class UsageError extends Error {}

const MAX_ID = 0x7fffffff;

/* An option's name in an error. */
function label(name, { short }) {
  if (!short) return `--${name}`;
  return short === name ? `-${short}` : `-${short} (--${name})`;
}

function number(name, option, text) {
  const [low, high] = option.range ?? [0, Infinity];
  const value = Number(text);
  const valid = text.trim() !== '' && (option.kind === 'number' || Number.isInteger(value));
  if (valid && value >= low && value <= high) return value;
  const kind = option.kind === 'whole' ? 'a whole number' : 'a number';
  throw new UsageError(`${label(name, option)} must be ${kind} from ${low} to ${high}, not "${text}"`);
}

function ids(name, option, text) {
  return text.split(',').map((id) => {
    if (!/^\s*\d+\s*$/.test(id) || Number(id) > MAX_ID)
      throw new UsageError(`${label(name, option)}: "${id}" is not a token id`);
    return Number(id);
  });
}

function list(name, option, text) {
  const [low, high] = option.range;
  const values = text.split(',').map(Number);
  if (values.every((value) => Number.isInteger(value) && value >= low && value <= high)) return values;
  throw new UsageError(
    `${label(name, option)} must be whole numbers from ${low} to ${high} with commas between them, not "${text}"`,
  );
}

/* A seed as a BigInt; undefined for -1, a random one. */
function seed(name, option, text) {
  if (text === '-1') return undefined;
  if (!/^\d+$/.test(text) || BigInt(text) >> 64n)
    throw new UsageError(`${label(name, option)} must be a whole number below 2^64, or -1, not "${text}"`);
  return BigInt(text);
}

/* Whether a model thinks: 'on', 'off', or for at most so many tokens. */
function think(name, option, text) {
  if (text === 'on' || text === 'off') return text;
  if (/^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_ID) return Number(text);
  throw new UsageError(
    `${label(name, option)} must be on, off, or a whole number of tokens from 1 to ${MAX_ID}, not "${text}"`,
  );
}

const CONVERT = { whole: number, number, list, ids, seed, think };

function choice(name, option, text) {
  const chosen = option.choices.find((each) => String(each) === text);
  if (chosen === undefined)
    throw new UsageError(`${label(name, option)} must be one of ${option.choices.join(', ')}, not "${text}"`);
  return chosen;
}

/* The value of an option from its text. Throws a UsageError. */
export function convertOption(name, option, text) {
  if (!option.choices) return option.kind ? CONVERT[option.kind](name, option, text) : text;
  if (option.kind === 'list') return text.split(',').map((word) => choice(name, option, word));
  return choice(name, option, text);
}

/* Joins each option with its value, as in --temp=-1, because parseArgs refuses a separate value that starts with a
 * dash. */
function joined(args, options) {
  const names = new Map();
  for (const [name, option] of Object.entries(options)) {
    names.set(`--${name}`, { name, option });
    if (option.short) names.set(`-${option.short}`, { name, option });
  }
  const result = [];
  for (let i = 0; i < args.length; i++) {
    const { name, option } = names.get(args[i]) ?? {};
    if (args[i] === '--') return [...result, ...args.slice(i)];
    if (!option?.value) {
      result.push(args[i]);
      continue;
    }
    const value = args[++i];
    if (value === undefined) throw new UsageError(`${label(name, option)} needs a value`);
    if (names.has(value.split('=', 1)[0]))
      throw new UsageError(
        `${label(name, option)} needs a value before ${value}; if ${value} is the value, write --${name}=${value}`,
      );
    result.push(`--${name}=${value}`);
  }
  return result;
}

/* The form that parseArgs takes. */
function forParseArgs(options) {
  const fields = ([name, { short, value, multiple, default: preset }]) => [
    name,
    {
      type: value ? 'string' : 'boolean',
      ...(short && { short }),
      ...(multiple && { multiple }),
      ...(preset && { default: preset }),
    },
  ];
  return Object.fromEntries(Object.entries(options).map(fields));
}

/**
 * The options of a program, from its arguments. Throws a UsageError. With --help or --version, only {help} or
 * {version}.
 * @param {Record<string, any>} table of options, as in commands.js
 * @param {string[]} args
 * @returns {Record<string, any>}
 */
export function parseOptions(table, args) {
  const about = { help: { short: 'h' }, version: {} };
  const options = { ...table, ...about };
  let values;
  try {
    ({ values } = parseArgs({ args: joined(args, options), options: forParseArgs(options), strict: true }));
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(error.message.split(/\n|\. /)[0]);
  }
  for (const name of Object.keys(about)) if (values[name]) return { [name]: true };
  for (const [name, option] of Object.entries(options)) {
    const value = values[name];
    if (option.required && value === undefined)
      throw new UsageError(`${option.short ? `-${option.short}` : `--${name}`} ${option.value} is required`);
    if (typeof value === 'string') values[name] = convertOption(name, option, value);
  }
  return values;
}

/**
 * The options of a command.
 * @param {string} command
 * @param {string[]} args
 */
export const parse = (command, args) => parseOptions(COMMANDS[command].options, args);
