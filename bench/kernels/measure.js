/* Measures kernel_bench.wasm in the JavaScript host that runs this. The fastest of many short slices counts. Slices of
 * different entries alternate, so that other load on the machine affects all of them alike. */

const SLICE = 2; /* ms */
const WARM_UP = 60; /* ms, until the optimizing compiler is done */
const PEAK = 'machine peak';

/* What is measured of matrix products: gemm, batch, gemv of one token, gemv of a few, and gemv from memory. */
function productWorks({ module, table, products, n, tokens, dramBytes, order }) {
  const few = [2, 4, 8];
  const dramRows = ({ entry }) => Math.floor(dramBytes / table.bench_bytes(entry, n));
  const work = (key, run, rows, count) => ({
    key,
    items: products,
    unit: () => (rows * n * count) / 1e9,
    prepare(item) {
      const { exports } = new WebAssembly.Instance(module); /* with its own memory */
      exports.bench_order?.(order);
      return exports.bench_prepare(item.entry, rows || dramRows(item), n, count) ? exports[run] : null;
    },
  });
  return [
    work('gemm', 'bench_gemm', 8, tokens),
    work('batch', 'bench_batch', 128, tokens),
    work('gemv', 'bench_gemv', 256, 1),
    ...few.map((count) => ({
      ...work(`few${count}`, 'bench_gemv', 256, count),
      items: products.filter(({ entry }) => (table.bench_gemv_tokens?.(entry) ?? 1) >= count),
    })),
    {
      ...work('dram', 'bench_gemv', 0, 1),
      unit: (item) => (dramRows(item) * table.bench_bytes(item.entry, n)) / 1e9,
      large: true,
    },
  ].filter(({ key }) => key !== 'dram' || dramBytes);
}

/* Returns {module, items, works}.
 *   items: kernels {name, entry} whose name ("type variant" of a matrix product, or "kernel variant") matches
 *     `entries`, a regular expression
 *   works: what is measured of items: {key, items, large, prepare(item) → run(times) or null if it cannot be measured,
 *     unit(item): the amount of work in 1e9 products or bytes}. large: so much memory that one item at a time is best
 * order: the enum gemv_order in which gemv reads weights. */
export async function openBench(bytes, { entries = '', n = 2048, tokens = 64, dramBytes = 0, order = 0 } = {}) {
  const { module } = await WebAssembly.instantiate(bytes, {});
  const table = new WebAssembly.Instance(module).exports;
  const text = (at) => {
    const view = new Uint8Array(table.memory.buffer, at);
    return new TextDecoder().decode(view.slice(0, view.indexOf(0)));
  };
  const choose = (count, nameAt) =>
    Array.from({ length: count }, (_, entry) => ({ name: text(nameAt(entry)), entry })).filter(({ name }) =>
      new RegExp(entries).test(name),
    );
  const products = choose(table.bench_count(), table.bench_name);
  const vectors = choose(table.bench_vector_count(), table.bench_vector_name);
  const vectorWork = {
    key: 'cache',
    items: vectors,
    unit: ({ entry }) => table.bench_vector_bytes(entry) / 1e9,
    prepare:
      ({ entry }) =>
      (times) =>
        table.bench_vector(entry, times),
  };
  const works = [...productWorks({ module, table, products, n, tokens, dramBytes, order }), vectorWork];
  return { module, items: [...products, ...vectors], works };
}

/* The milliseconds of run(1), measured on `times` repetitions. */
export function timed(run, times) {
  const start = performance.now();
  run(times);
  return (performance.now() - start) / times;
}

/* Warms up. Returns the number of repetitions that takes about a slice. */
export function calibrate(run) {
  const end = performance.now() + WARM_UP;
  while (performance.now() < end) run(1);
  let times = 1;
  while (timed(run, times) * times < SLICE / 2) times *= 2;
  return times;
}

/* Returns rows {name, gemv, dram, gemm, batch} of matrix products, in GMAC/s; dram is gemv on more weights than the
 * caches hold, in GB/s. Other kernels have rows {name, cache}: GB/s read and written. The first row has the limits of
 * the machine. options: those of openBench, and rounds. */
export async function measure(bytes, { rounds = 60, n = 2048, dramBytes = 0, ...options } = {}) {
  const { module, items, works } = await openBench(bytes, { n, dramBytes, ...options });
  const rates = new Map(items.map((item) => [item, { name: item.name }]));
  for (const work of works) {
    const prepared = (item) => ({
      run: work.prepare(item),
      unit: work.unit(item),
      key: work.key,
      row: rates.get(item),
    });
    const jobs = (of) => of.map(prepared).filter(({ run }) => run);
    if (work.large) for (const item of work.items) await alternate(jobs([item]), Math.ceil(rounds / 10));
    else await alternate(jobs(work.items), rounds);
  }
  return [await machine(module, { rounds, n, dramBytes }), ...rates.values()];
}

/* The limits of the machine as a row: gemm is the rate of products alone (GMAC/s), dram that of reading alone
 * (GB/s). */
async function machine(module, { rounds, n, dramBytes }) {
  const { exports } = new WebAssembly.Instance(module);
  const row = { name: PEAK };
  const loop = (key, run, amount) => alternate([{ run, unit: amount / 1e9, key, row }], rounds);
  await loop('gemm', exports.bench_peak, exports.bench_peak_products());
  const rows = Math.floor(dramBytes / exports.bench_bytes(0, n));
  if (rows && exports.bench_prepare(0, rows, n, 1))
    await loop('dram', exports.bench_read, rows * exports.bench_bytes(0, n));
  return row;
}

/* Measures jobs {run, unit, key, row} in alternating slices, and stores their rates: row[key]. */
async function alternate(jobs, rounds) {
  for (const job of jobs) Object.assign(job, { times: calibrate(job.run), best: Infinity });
  for (let round = 0; round < rounds; round++) {
    for (const job of jobs) job.best = Math.min(job.best, timed(job.run, job.times));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  for (const { row, key, unit, best } of jobs) row[key] = unit / (best / 1000);
}
