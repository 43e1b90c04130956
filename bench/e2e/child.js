/* A competitor in a child process. Its input is the cell as a line of JSON, then a line "round" per measurement; it
 * exits at the end of its input. It answers with lines of JSON: first {"load_ms", "peak_bytes"}, then per round
 * {"prefill_s", "decode_s", "pass_s", "peak_bytes"}. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export async function openChild(command, args, cell) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (text) => {
    errors = (errors + text).slice(-2000);
  });
  child.stdin.on('error', () => {}); /* the child has exited; `ended` says why */
  const ended = new Promise((resolve) => {
    child.once('error', resolve);
    child.once('close', (code, signal) =>
      resolve(new Error(`${command} ended with ${code ?? signal}: ${errors.trim()}`)),
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
