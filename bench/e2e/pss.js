/* Memory of all processes that this one has started, as the system counts it: proportional set size, so that pages
 * shared between them count once. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; /* the process has just ended */
  }
}

/* Process ids, as text. */
export function descendants() {
  const children = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const stat = read(`/proc/${pid}/stat`);
    const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
    if (parent) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = [];
  for (let next = [String(process.pid)]; next.length; next = next.flatMap((pid) => children.get(pid) ?? [])) found.push(...next);
  return found.slice(1);
}

export function pssBytes() {
  let kilobytes = 0;
  for (const pid of descendants()) kilobytes += Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
  return kilobytes * 1024;
}

/* The most that was seen while `work` ran, and what it gave. */
export async function peakPss(work) {
  let peak = 0;
  const sample = () => { peak = Math.max(peak, pssBytes()); };
  const timer = setInterval(sample, 50);
  try {
    const value = await work();
    sample();
    return { peak, value };
  } finally {
    clearInterval(timer);
  }
}
