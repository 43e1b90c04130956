/* Child processes that end with this one. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** @type {NodeJS.Signals[]} */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a program until it ends and forwards this process's signals to it. Returns its exit status, as a shell reports
 * it. interrupt: the signal that stands for SIGINT. A terminal sends SIGINT to the child as well, so a child that
 * counts interrupts needs another one.
 * @param {string} command
 * @param {string[]} args
 * @param {{ stdio?: import('node:child_process').StdioOptions, interrupt?: NodeJS.Signals }} [options]
 * @returns {Promise<number>}
 */
export function runChild(command, args, { stdio = 'inherit', interrupt = 'SIGTERM' } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio });
    const handlers = FORWARDED.map((signal) => {
      const forward = () => child.kill(signal === 'SIGINT' ? interrupt : signal);
      process.on(signal, forward);
      return () => process.off(signal, forward);
    });
    const removeHandlers = () => {
      for (const remove of handlers) remove();
    };
    child.once('error', (error) => {
      removeHandlers();
      reject(error);
    });
    child.once('exit', (status, signal) => {
      removeHandlers();
      const number = signal && constants.signals[signal === interrupt ? 'SIGINT' : signal];
      resolve(status ?? 128 + (number ?? 1));
    });
  });
}
