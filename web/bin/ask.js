/* quern run with tools or reasoning: one answer of a chat, whose output is split into text, reasoning and calls. */
import { samplingNote } from '../api/file-sampling.js';
import { Talk } from './chat/talk.js';
import { progress } from './progress.js';
import { AnswerPrinter } from './tools.js';

const rate = (count, seconds) => (seconds > 0 ? count / seconds : 0);

/* The first parameter is what loadModel returns. limit: most tokens of the answer. */
export async function ask({ model, build, threads, order }, limit, options, tools) {
  const talk = new Talk(model, { ...options, n: Number.isFinite(limit) ? limit : -1 }, { tools, overflow: 'stop' });
  for (const note of [talk.note, samplingNote(model)]) if (note) process.stderr.write(`quern: ${note}\n`);
  const printer = new AnswerPrinter(options.json);
  const bar = progress('reading the prompt');
  const onProgress = ({ processed, total }) => (processed < total ? bar.show(processed, total) : bar.done());
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort()); /* a second Ctrl-C ends the process */
  const { signal } = controller;
  const answer = await talk.answer(options.prompt, { signal, onProgress, emit: printer.text, think: printer.thought });
  const { text, reasoning, calls, reason, usage } = answer;
  const { prompt_tokens: prompt = 0, completion_tokens: count = 0 } = usage ?? {};
  const rates = {
    prefill: rate(prompt, talk.stats?.promptSeconds ?? 0),
    decode: rate(Math.max(count - 1, 0), talk.stats?.answerSeconds ?? 0),
  };
  printer.end(calls, {
    text,
    reasoning,
    tool_calls: calls,
    prompt_tokens: prompt,
    completion_tokens: count,
    prefill_tps: rates.prefill,
    decode_tps: rates.decode,
    finish_reason: reason,
    threads,
    weight_order: order,
  });
  if (!options.json)
    process.stderr.write(
      `\nprefill ${rates.prefill.toFixed(1)} tokens/s (${prompt}), decode ${rates.decode.toFixed(1)} tokens/s ` +
        `(${count}); ${build.name}, ${threads} thread${threads > 1 ? 's' : ''}\n`,
    );
  talk.free();
  if (signal.aborted) process.exitCode = 130;
}
