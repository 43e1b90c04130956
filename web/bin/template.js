/* quern template: the prompt that a chat template makes of messages. */
import { naming, openDirectory, startEngine } from './engine.js';
import { readText, standardText } from './files.js';

/* A template's variables as JSON. text: a JSON array of messages, or an object with messages and tools. It is passed on
 * unchanged, because JavaScript would turn 1.0 into 1; of duplicate keys, the last one counts. */
export function templateContext(text, options) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error('standard input is not JSON', { cause: error });
  }
  if (!Array.isArray(value?.messages ?? value))
    throw new Error('standard input must be a JSON array of messages, or an object with "messages"');
  const given = Array.isArray(value) ? `"messages":${text}` : text.trim().slice(1, -1);
  const more = { bos_token: options.bos, eos_token: options.eos, now: options.now };
  const set = Object.keys(more)
    .filter((key) => more[key] !== undefined)
    .map((key) => `,"${key}":${JSON.stringify(more[key])}`);
  return `{"add_generation_prompt":true,${given}${set.join('')}}`;
}

export default async function template(options) {
  const ownText = options.template === undefined ? new Uint8Array() : readText(options.template);
  if (options.template !== undefined && ownText.length === 0) return;
  const withModel = options.template === undefined || options.model !== undefined;
  const { engine, model = null, source } = withModel ? await openDirectory(options) : await startEngine(options);
  const context = templateContext(standardText(), options);
  const prompt = naming(options.template ?? source.path, () => engine.prompt(model, context, ownText));
  process.stdout.write(prompt.bytes);
}
