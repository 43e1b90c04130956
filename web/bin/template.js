import { readFileSync } from 'node:fs';
import { naming, openDirectory, startEngine } from './engine.js';
import { standardText, withPath } from './files.js';

/* The JSON of a template's variables from messages, or from an object with messages and tools. The text that came stays
 * as it is, since JavaScript would make 1 of 1.0; of equal keys the last counts. */
export function templateContext(text, options) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error('standard input is not JSON', { cause: error });
  }
  if (!Array.isArray(value?.messages ?? value)) throw new Error('standard input must be a JSON array of messages');
  const given = Array.isArray(value) ? `"messages":${text}` : text.trim().slice(1, -1);
  const more = { bos_token: options.bos, eos_token: options.eos, now: options.now };
  const set = Object.keys(more)
    .filter((key) => more[key] !== undefined)
    .map((key) => `,"${key}":${JSON.stringify(more[key])}`);
  return `{"add_generation_prompt":true,${given}${set.join('')}}`;
}

export default async function template(options) {
  const ownText =
    options.template === undefined
      ? new Uint8Array()
      : withPath(options.template, () => readFileSync(options.template));
  if (options.template !== undefined && ownText.length === 0) return;
  const withModel = options.template === undefined || options.model !== undefined;
  const { engine, model = null, source } = withModel ? await openDirectory(options) : await startEngine(options);
  const context = templateContext(standardText(), options);
  const prompt = naming(options.template ?? source.path, () => engine.prompt(model, context, ownText));
  process.stdout.write(prompt.bytes);
}
