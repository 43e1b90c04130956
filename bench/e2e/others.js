/* How much of the machine others used while something was measured: a round beside somebody's compiler says nothing.
 * Linux only; 0 elsewhere. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { descendants } from './pss.js';

const TICKS = 100; /* a second; USER_HZ on every Linux */

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/* Seconds of all processors that were not idle, what the hypervisor gave to others included. */
function busySeconds() {
  const [, user, nice, system, , , irq, softirq, steal] = read('/proc/stat').split('\n', 1)[0].split(/\s+/).map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS;
}

/* Seconds of this process and its descendants, those that have ended included. */
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

/* Runs `work`; {value, others}: others is the part of the machine, 0 to 1, that others used meanwhile. */
export async function besideOthers(work) {
  if (process.platform !== 'linux') return { value: await work(), others: 0 };
  const busy = busySeconds() - ownSeconds();
  const start = performance.now();
  const value = await work();
  const seconds = (performance.now() - start) / 1000;
  return { value, others: Math.max(0, (busySeconds() - ownSeconds() - busy) / (seconds * availableParallelism())) };
}
