/* Memory of all processes that this one has started, as proportional set size: pages shared between them count once.
 * Linux only. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; /* the process has exited */
  }
}

const processes = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name));

function program(pid) {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return ''; /* it has exited, or belongs to another user */
  }
}

/* Process ids, as strings. */
export function descendants() {
  const children = new Map();
  for (const pid of processes()) {
    const stat = read(`/proc/${pid}/stat`);
    const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
    if (parent) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = [];
  for (let next = [String(process.pid)]; next.length; next = next.flatMap((pid) => children.get(pid) ?? []))
    found.push(...next);
  return found.slice(1);
}

export function pssBytes(pids = descendants()) {
  let kilobytes = 0;
  for (const pid of pids) kilobytes += Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
  return kilobytes * 1024;
}

/* Whether another instance of a browser in `pids` is running. It would share pages, which then count only half. */
function shared(pids) {
  const own = new Set(pids);
  const browsers = new Set([...own].map(program).filter((path) => /chrom|firefox/.test(path)));
  return processes().some((pid) => !own.has(pid) && browsers.has(program(pid)));
}

/* Samples the memory while work() runs. Returns {peak, median, disturbed, value}; disturbed: another instance of the
 * browser was running. */
export async function peakPss(work) {
  const seen = [];
  let disturbed = false;
  const sample = () => {
    const pids = descendants();
    seen.push(pssBytes(pids));
    disturbed ||= shared(pids);
  };
  const timer = setInterval(sample, 50);
  try {
    const value = await work();
    sample();
    seen.sort((a, b) => a - b);
    return { peak: seen.at(-1), median: seen[seen.length >> 1], disturbed, value };
  } finally {
    clearInterval(timer);
  }
}
