/* Measures two builds in turns, in the JavaScript host that runs this. Two instances of each build take part, in the
 * order base, head, head, base. A steady change of the machine's speed then affects both builds alike, and the two
 * instances of the base show the noise. */
import { calibrate, openBench, timed } from '../kernels/measure.js';

const TURNS = [0, 1, 1, 0]; /* 0: base, 1: head */
const SLICES = 4; /* of a turn; the fastest counts */
const BATCH = 16; /* kernels that alternate; each has four memories, and hosts limit their number */

/* entries: [{name, turns: four functions}]. Every round runs the turns of each entry once. Returns
 * [{name, rounds: [[result of each turn]]}]. */
async function inTurns(entries, rounds) {
  const results = entries.map(({ name }) => ({ name, rounds: [] }));
  for (let round = 0; round < rounds; round++) {
    for (const [i, { turns }] of entries.entries()) {
      const values = [];
      for (const turn of turns) values.push(await turn());
      results[i].rounds.push(values);
    }
  }
  return results;
}

/* An entry of inTurns for one kernel. Undefined if a build cannot measure it. */
function kernelEntry(name, works, items) {
  const runs = TURNS.map((side) => works[side].prepare(items[side]));
  if (!runs.every(Boolean)) return undefined;
  const times = Math.max(...runs.slice(0, 2).map(calibrate)); /* one of each build */
  const fastest = (run) => Math.min(...Array.from({ length: SLICES }, () => timed(run, times)));
  return { name, turns: runs.map((run) => () => fastest(run)) };
}

/* modules: the bytes of both kernel_bench.wasm; filter: a regular expression for names such as "q4_K relaxed gemv";
 * options: those of openBench. Returns [{name, rounds}] for the kernels that both modules have; times are in ms. */
export async function compareKernels(modules, { filter, rounds, ...options }) {
  const [base, head] = await Promise.all(modules.map((bytes) => openBench(bytes, options)));
  const results = [];
  for (const work of base.works) {
    const other = head.works.find(({ key }) => key === work.key);
    const pairs = work.items
      .map((item) => [item, other?.items.find(({ name }) => name === item.name)])
      .filter(([item, same]) => same && new RegExp(filter).test(`${item.name} ${work.key}`));
    const batch = work.large ? 1 : BATCH;
    for (let at = 0; at < pairs.length; at += batch) {
      const entries = pairs
        .slice(at, at + batch)
        .map((items) => kernelEntry(`${items[0].name} ${work.key}`, [work, other], items))
        .filter(Boolean);
      results.push(...(await inTurns(entries, rounds)));
    }
  }
  return results;
}

/* open(side): opens quern as a competitor; side: 0 for the base, 1 for the head. Returns [{name, rounds}]; times are in
 * seconds. */
export async function compareEngines(open, rounds) {
  const competitors = [];
  for (const side of TURNS) competitors.push(await open(side));
  const turns = competitors.map((competitor) => () => competitor.round());
  for (const turn of turns) await turn(); /* warms up */
  const [measured] = await inTurns([{ turns }], rounds);
  for (const competitor of competitors) await competitor.close();
  const comparison = (name, seconds) => ({ name, rounds: measured.rounds.map((values) => values.map(seconds)) });
  return [
    comparison('prefill', ({ prefill_s }) => prefill_s),
    comparison('decode', ({ decode_s }) => decode_s),
    comparison('pass of 4 tokens', ({ pass_s }) => pass_s?.[1]),
  ].filter((each) => each.rounds.flat().every(Number.isFinite));
}
