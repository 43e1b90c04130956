/* Native llama.cpp, measured by its own llama-bench. Each round is a process, which does its own warm-up. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { promisify } from 'node:util';

export const LLAMA_BENCH = process.env.QUERN_LLAMA_BENCH ?? `${homedir()}/.cache/quern-oracle/bin/llama-bench`;

export async function openLlamaBench({ model, prompt, generate, context, threads }) {
  if (!existsSync(LLAMA_BENCH))
    throw new Error(`${LLAMA_BENCH} is missing; set QUERN_LLAMA_BENCH to the path of llama-bench`);
  const args = ['-m', model, '-p', prompt, '-n', generate, '-d', context, '-t', threads, '-r', 1, '-o', 'json'].map(
    String,
  );
  return {
    load_ms: null,
    peak_bytes: null,
    async round() {
      const { stdout } = await promisify(execFile)(LLAMA_BENCH, args, { maxBuffer: 1 << 24 });
      const tests = JSON.parse(stdout);
      const seconds = (test) => test.samples_ns[0] / 1e9;
      return {
        prefill_s: seconds(tests.find((test) => test.n_prompt === prompt && test.n_gen === 0)),
        decode_s: seconds(tests.find((test) => test.n_gen === generate && test.n_prompt === 0)),
      };
    },
    async close() {},
  };
}
