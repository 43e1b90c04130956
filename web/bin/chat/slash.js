/* The slash commands of a conversation. */
import { readFileSync, writeFileSync } from 'node:fs';
import { COMMANDS } from '../commands.js';
import { withPath } from '../files.js';
import { convertOption } from '../options.js';
import { SETTINGS } from './talk.js';

const say = (text) => process.stderr.write(`${text}\n`);
const quoted = (value) => (value === undefined ? 'default' : String(value));

function setting(talk, argument) {
  const [name, value, ...more] = argument.split(/\s+/);
  if (!name) {
    for (const each of SETTINGS) say(`${each.padEnd(20)}${quoted(talk.settings[each])}`);
    return;
  }
  if (!SETTINGS.includes(name) || value === undefined || more.length)
    throw new Error(`/set takes a name and a value; the names are ${SETTINGS.join(', ')}`);
  talk.settings[name] = convertOption(name, COMMANDS.chat.options[name], value);
}

function system(talk, argument) {
  if (talk.raw) throw new Error('without a chat template there is no system message');
  if (argument) talk.system = argument;
  else say(talk.system ?? '(no system message)');
}

function history(talk) {
  if (talk.raw) say(talk.text);
  else for (const { role, content } of talk.messages) say(`${role}: ${content}`);
}

function save(talk, path) {
  if (!path) throw new Error('/save takes the name of a file');
  if (talk.raw) throw new Error('without a chat template there are no messages to save');
  const first = talk.system === undefined ? [] : [{ role: 'system', content: talk.system }];
  withPath(path, () => writeFileSync(path, `${JSON.stringify([...first, ...talk.messages], null, 2)}\n`));
  say(`saved ${talk.messages.length} messages in ${path}`);
}

/* The messages of a file: a JSON array, or an object with "messages". */
function messagesIn(path) {
  let value;
  try {
    value = JSON.parse(withPath(path, () => readFileSync(path, 'utf8')));
  } catch (error) {
    throw error instanceof SyntaxError ? new Error(`${path}: is not JSON`) : error;
  }
  const messages = value?.messages ?? value;
  if (!Array.isArray(messages) || !messages.every((message) => typeof message?.role === 'string'))
    throw new Error(`${path}: has no list of messages`);
  return messages;
}

function load(talk, path) {
  if (!path) throw new Error('/load takes the name of a file');
  if (talk.raw) throw new Error('without a chat template, messages cannot be loaded');
  const messages = messagesIn(path);
  const isSystem = messages[0]?.role === 'system' && typeof messages[0].content === 'string';
  talk.system = isSystem ? messages[0].content : undefined;
  talk.messages = isSystem ? messages.slice(1) : messages;
  say(`loaded ${talk.messages.length} messages from ${path}`);
}

const perSecond = (count, seconds) => `${(seconds > 0 ? count / seconds : 0).toFixed(1)} tokens/s`;

function stats({ stats: last, contextSize }) {
  if (!last?.usage) return say(`context of ${contextSize} tokens`);
  const {
    prompt_tokens: prompt,
    completion_tokens: answer,
    total_tokens: total,
    prompt_tokens_details: details,
  } = last.usage;
  const computed = prompt - details.cached_tokens;
  say(`context: ${total} of ${contextSize} tokens`);
  say(`prompt:  ${computed} of ${prompt} tokens computed, ${perSecond(computed, last.promptSeconds)}`);
  say(`answer:  ${answer} tokens, ${perSecond(answer, last.answerSeconds)}`);
}

function undo(talk) {
  if (talk.undo() === undefined) throw new Error('there is nothing to take back');
}

function retry(talk) {
  const message = talk.undo();
  if (message === undefined) throw new Error('there is nothing to answer again');
  return { message };
}

/* {name: [arguments, help, run]}. run(talk, argument) may return {exit: true}, or {message} to be answered. */
const SLASH = {
  help: ['', 'show this list', help],
  exit: ['', 'end the conversation (also /quit, /bye, Ctrl-D)', () => ({ exit: true })],
  clear: ['', 'start a new conversation (also /new)', (talk) => talk.clear()],
  system: ['[TEXT]', 'show or set the system message', system],
  undo: ['', 'take back the last message and its answer', undo],
  retry: ['', 'answer the last message again', retry],
  set: ['[NAME VALUE]', 'show the settings, or change one, as in /set temp 0.5', setting],
  history: ['', 'show the conversation', history],
  save: ['FILE', 'save the messages as JSON', save],
  load: ['FILE', 'load messages from JSON', load],
  stats: ['', 'show the tokens in use and the speed of the last answer', stats],
};
const ALIASES = { quit: 'exit', bye: 'exit', new: 'clear' };

function help() {
  for (const [name, [argument, about]] of Object.entries(SLASH)) say(`/${`${name} ${argument}`.padEnd(20)}${about}`);
  say('');
  say('A message of several lines stands between two """, or its lines end with a backslash. Ctrl-C stops an answer.');
  say('A message that starts with a slash is written with two: //etc/hosts.');
}

/* Runs a slash command. Throws an Error that says what is wrong with it. */
export function runSlash(talk, text) {
  const [, name, argument] = /** @type {string[]} */ (/^\/(\S*)\s*(.*)$/s.exec(text));
  const known = Object.hasOwn(ALIASES, name) ? ALIASES[name] : name;
  if (!Object.hasOwn(SLASH, known)) throw new Error(`there is no command /${name}; /help lists the commands`);
  return SLASH[known][2](talk, argument.trim()) ?? {};
}

const NAMES = [...Object.keys(SLASH), ...Object.keys(ALIASES)].map((name) => `/${name}`);

/* What the Tab key completes a line to, as readline takes it. */
export const completeSlash = (line) => [NAMES.filter((name) => line && name.startsWith(line)), line];
