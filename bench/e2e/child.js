/* A competitor in a process of its own, spoken to in lines of JSON: the cell, then "round" for each measurement. The
 * end of its input ends it. Answers: {"load_ms", "peak_bytes"} once, then {"prefill_s", "decode_s", "peak_bytes"}. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export async function openChild(command, args, cell) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (text) => {
    complaint = (complaint + text).slice(-2000);
  });
  child.stdin.on('error', () => {}); /* it ended; the exit code says why */
  const ended = new Promise((resolve) => {
    child.once('error', resolve);
    child.once('close', (code, signal) =>
      resolve(new Error(`${command} ended with ${code ?? signal}: ${complaint.trim()}`)),
    );
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  async function ask(line) {
    child.stdin.write(`${line}\n`);
    const { value, done } = await answers.next();
    if (done) throw await ended;
    return JSON.parse(value);
  }

  const opened = await ask(JSON.stringify(cell));
  return {
    ...opened,
    round: () => ask('round'),
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
