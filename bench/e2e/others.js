/* Measures how much of the machine other programs use during a round, because rounds with much interference are
 * useless. Linux only; elsewhere the result is 0. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { descendants } from './pss.js';

const TICKS = 100; /* per second; USER_HZ on every Linux */

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/* Seconds that all processors were busy, including time that the hypervisor gave to other machines. */
function busySeconds() {
  const [, user, nice, system, , , irq, softirq, steal] = read('/proc/stat').split('\n', 1)[0].split(/\s+/).map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS;
}

/* Processor seconds of this process and its descendants, including those that have exited. */
function ownSeconds() {
  let ticks = 0;
  for (const pid of [process.pid, ...descendants()]) {
    const stat = read(`/proc/${pid}/stat`);
    const [utime, stime, cutime, cstime] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15)
      .map(Number);
    ticks += utime + stime + cutime + cstime || 0;
  }
  return ticks / TICKS;
}

/* Runs work() and returns {value, others}; others is the share of the machine, 0 to 1, that other programs used
 * meanwhile. */
export async function besideOthers(work) {
  if (process.platform !== 'linux') return { value: await work(), others: 0 };
  const busy = busySeconds() - ownSeconds();
  const start = performance.now();
  const value = await work();
  const seconds = (performance.now() - start) / 1000;
  return { value, others: Math.max(0, (busySeconds() - ownSeconds() - busy) / (seconds * availableParallelism())) };
}
