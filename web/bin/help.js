/* The help texts of the command line. */
import { readFileSync } from 'node:fs';
import { COMMANDS } from './commands.js';

const WIDTH = 110; /* columns */

/* The words of a text on lines of at most WIDTH columns. The first line follows `first`, the others `indent` spaces. */
function wrapped(first, words, indent) {
  const lines = [first];
  for (const word of words) {
    if (lines.at(-1).length + 1 + word.length > WIDTH) lines.push(' '.repeat(indent - 1));
    lines[lines.length - 1] += ` ${word}`;
  }
  return lines;
}

const withValue = (name, { value }) => (value ? `${name} ${value}` : name);

/* An option as in [-m MODEL], or without brackets if it is required. */
function brief([name, option]) {
  const text = withValue(option.short ? `-${option.short}` : `--${name}`, option);
  const repeated = option.multiple ? `${text} ...` : text;
  return option.required ? repeated : `[${repeated}]`;
}

const briefs = (command) => Object.entries(COMMANDS[command].options).map(brief);

/* The usage of one command, on one line. */
export const usageOf = (command) =>
  Object.hasOwn(COMMANDS, command ?? '')
    ? `usage: quern ${command} ${briefs(command).join(' ')}\n`
    : `usage: quern ${Object.keys(COMMANDS).join('|')} ...; see quern help\n`;

function limits({ range, choices }) {
  if (choices) return [`${choices.join(', ')}:`];
  return range && range[1] < 2 ** 31 - 1 ? [`${range[0]} to ${range[1]}:`] : [];
}

/* The lines about an option, an entry of the table. */
export function describeOption([name, option]) {
  const short = option.short ? `-${option.short}, ` : '    ';
  const head = `  ${withValue(option.short === name ? `-${name}` : `${short}--${name}`, option)}`;
  const words = [...limits(option), ...option.help.split(' ')];
  const indent = 32;
  if (head.length < indent) return wrapped(head.padEnd(indent - 1), words, indent);
  return [head, ...wrapped(' '.repeat(indent - 1), words, indent)];
}

/* The help of one command. */
export function helpOf(command) {
  const { about, options } = COMMANDS[command];
  const start = `usage: quern ${command}`;
  const lines = [
    `quern ${command} ${about}.`,
    '',
    ...wrapped(start, briefs(command), start.length + 1),
    '',
    ...Object.entries(options).flatMap(describeOption),
    ...describeOption(['help', { short: 'h', help: 'print this help' }]),
  ];
  return `${lines.join('\n')}\n`;
}

/* The help of the command line. */
export function help() {
  const lines = [
    'usage: quern COMMAND [OPTION ...]',
    '',
    ...Object.entries(COMMANDS).map(([name, { about }]) => `  ${name.padEnd(12)}${about}`),
    '',
    'quern COMMAND --help lists the options of a command. quern --version prints the version.',
  ];
  return `${lines.join('\n')}\n`;
}

export const version = () =>
  `quern ${JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version}\n`;
