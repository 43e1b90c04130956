import { readFileSync } from 'node:fs';
import { openDirectory, startEngine } from './engine.js';
import { standardInput } from './files.js';

/* Messages, or an object with messages and tools, as the variables of a template. */
export function templateContext(text, options) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`standard input is not JSON: ${error.message}`);
  }
  const context = Array.isArray(value) ? { messages: value } : value;
  if (!context || !Array.isArray(context.messages)) throw new Error('standard input must be a JSON array of messages');
  return {
    add_generation_prompt: true, ...context,
    ...(options.bos !== undefined && { bos_token: options.bos }),
    ...(options.eos !== undefined && { eos_token: options.eos }),
    ...(options.now !== undefined && { now: options.now }),
  };
}

export default async function template(options) {
  const text = options.template === undefined ? '' : readFileSync(options.template, 'utf8');
  if (options.template !== undefined && text === '') return;
  const withModel = options.template === undefined || options.model !== undefined;
  const { engine, model = null } = withModel ? await openDirectory(options) : await startEngine(options);
  const context = templateContext(new TextDecoder().decode(standardInput()), options);
  const prompt = engine.prompt(model, context, text);
  process.stdout.write(prompt.bytes);
}
