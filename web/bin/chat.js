/* quern chat: a conversation in the terminal. Answers go to standard output, everything else to standard error. */
import { samplingNote } from '../api/file-sampling.js';
import { Reader } from './chat/reader.js';
import { completeSlash, runSlash } from './chat/slash.js';
import { Talk } from './chat/talk.js';
import { loadModel } from './engine.js';
import { progress } from './progress.js';
import { AnswerPrinter, checkOptions, readTools } from './tools.js';

const say = (text) => process.stderr.write(`quern: ${text}\n`);

/* Errors that end an answer but not the conversation. */
const isAnswers = ({ name }) => name === 'RequestError' || name === 'QuernError';

/* Runs work(signal). Ctrl-C aborts the signal, a second one ends the process. Returns whether it was aborted. */
async function interruptible(work) {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on('SIGINT', interrupt);
  try {
    await work(controller.signal);
  } finally {
    process.off('SIGINT', interrupt);
  }
  return controller.signal.aborted;
}

/* The result of an answer for --json. */
const jsonOf = ({ text, reasoning, calls, reason, usage }) => ({
  text,
  ...(reasoning && { reasoning }),
  ...(calls.length && { tool_calls: calls }),
  finish_reason: reason,
  prompt_tokens: usage?.prompt_tokens ?? null,
  cached_tokens: usage?.prompt_tokens_details.cached_tokens ?? null,
  completion_tokens: usage?.completion_tokens ?? null,
});

/* Answers a message. Returns whether the answer was interrupted. */
async function answer(talk, message, json) {
  const bar = progress('reading the prompt');
  const printer = new AnswerPrinter(json);
  const [emit, think] = [printer.text, printer.thought];
  const onProgress = ({ processed, total }) => (processed < total ? bar.show(processed, total) : bar.done());
  return interruptible(async (signal) => {
    try {
      const result = await talk.answer(message, { signal, onProgress, emit, think });
      printer.end(result.calls, jsonOf(result));
      if (result.reason === 'length' && !json)
        say('the answer was cut at its limit; -n or /set n sets it, and /stats shows the context');
    } catch (error) {
      if (!isAnswers(error)) throw error;
      printer.cut();
      if (json) process.stdout.write(`${JSON.stringify({ error: error.message })}\n`);
      say(error.message);
    } finally {
      bar.done();
    }
  });
}

/* What to do with a line of input: {exit}, {message} or nothing. */
function understood(talk, text) {
  if (text.trim() === '' && !talk.raw) return {};
  if (!text.startsWith('/')) return { message: text };
  if (text.startsWith('//')) return { message: text.slice(1) };
  try {
    return runSlash(talk, text);
  } catch (error) {
    say(error.message);
    return {};
  }
}

function greet(talk, { source, build, threads }) {
  const using = `${build.name}, ${threads} thread${threads > 1 ? 's' : ''}, context of ${talk.contextSize} tokens`;
  process.stderr.write(`${source.path}: ${using}\n/help lists the commands; Ctrl-C stops an answer, Ctrl-D ends\n`);
}

/* Answers messages until the input ends. */
async function converse(talk, reader, { prompt, json }) {
  let told = false;
  for (let text = prompt ?? (await reader.next()); text !== null; text = await reader.next()) {
    const { exit, message } = understood(talk, text);
    if (exit) return;
    if (message === undefined) continue;
    reader.pause();
    const interrupted = await answer(talk, message, json);
    if (interrupted && !reader.terminal) {
      process.exitCode = 130;
      return;
    }
    if (!told && talk.overflows) {
      told = true;
      say('the conversation is longer than the context; its oldest messages are left out (/clear starts a new one)');
    }
  }
}

export default async function chat(options) {
  checkOptions(options);
  const tools = await readTools(options);
  const loaded = await loadModel(options);
  const { engine, model, source } = loaded;
  if (model.isEncoder)
    throw new Error(`${source.path}: is an encoder, which generates no text; use quern embed for its embeddings`);
  const talk = new Talk(model, options, { tools });
  const reader = new Reader(completeSlash);
  if (reader.terminal) greet(talk, loaded);
  for (const note of [talk.note, samplingNote(model)]) if (note) say(note);
  if (talk.raw && !options.raw) say('the model has no chat template; texts are continued as they are (like --raw)');
  try {
    await converse(talk, reader, options);
  } finally {
    reader.close();
  }
  talk.free();
  model.free();
  await engine.stop();
}
