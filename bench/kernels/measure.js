/* Measures kernel_bench.wasm in the JavaScript host that runs this. The fastest of many short slices counts. Slices of
 * different entries alternate, so that other load on the machine affects all of them alike. */

const SLICE = 2; /* ms */
const PEAK = 'machine peak';

/* entries: a regular expression for "type variant". Returns rows {name, gemv, dram, gemm, batch} of matrix products,
 * in GMAC/s; dram is gemv on more weights than the caches hold, in GB/s. Other kernels have rows {name, cache}: GB/s
 * read and written. The first row has the limits of the machine. */
export async function measure(bytes, { entries = '', rounds = 60, n = 2048, tokens = 64, dramBytes = 0 } = {}) {
  const { module } = await WebAssembly.instantiate(bytes, {});
  const table = new WebAssembly.Instance(module).exports;
  const text = (at) => {
    const view = new Uint8Array(table.memory.buffer, at);
    return new TextDecoder().decode(view.slice(0, view.indexOf(0)));
  };
  const choose = (count, nameAt) =>
    Array.from({ length: count }, (_, entry) => ({ name: text(nameAt(entry)), entry, results: {} })).filter(
      ({ name }) => new RegExp(entries).test(name),
    );
  const chosen = choose(table.bench_count(), table.bench_name);
  const vectors = choose(table.bench_vector_count(), table.bench_vector_name);
  const works = [
    { key: 'gemm', rows: 8, tokens, run: 'bench_gemm', unit: () => (8 * n * tokens) / 1e9 },
    { key: 'batch', rows: 128, tokens, run: 'bench_batch', unit: () => (128 * n * tokens) / 1e9 },
    { key: 'gemv', rows: 256, tokens: 1, run: 'bench_gemv', unit: () => (256 * n) / 1e9 },
  ];
  if (dramBytes) {
    const rowsOf = (e) => Math.floor(dramBytes / table.bench_bytes(e, n));
    works.push({
      key: 'dram',
      rows: rowsOf,
      tokens: 1,
      run: 'bench_gemv',
      unit: (e) => (rowsOf(e) * table.bench_bytes(e, n)) / 1e9,
    });
  }
  for (const work of works) {
    const jobs = [];
    for (const item of chosen) {
      /* Each entry has its own instance, hence its own memory. */
      const { exports } = new WebAssembly.Instance(module);
      const rows = typeof work.rows === 'function' ? work.rows(item.entry) : work.rows;
      if (!exports.bench_prepare(item.entry, rows, n, work.tokens)) continue;
      jobs.push({ item, run: exports[work.run], times: 1, best: Infinity });
      if (work.key === 'dram')
        await alternate(jobs.splice(0), work, Math.ceil(rounds / 10)); /* one large memory at a time */
    }
    await alternate(jobs, work, rounds);
  }
  const calls = vectors.map((item) => ({
    item,
    run: (times) => table.bench_vector(item.entry, times),
    times: 1,
    best: Infinity,
  }));
  await alternate(calls, { key: 'cache', unit: (entry) => table.bench_vector_bytes(entry) / 1e9 }, rounds);
  return [
    await machine(module, { rounds, n, dramBytes }),
    ...[...chosen, ...vectors].map(({ name, results }) => ({ name, ...results })),
  ];
}

/* The limits of the machine as a row: gemm is the rate of products alone (GMAC/s), dram that of reading alone
 * (GB/s). */
async function machine(module, { rounds, n, dramBytes }) {
  const { exports } = new WebAssembly.Instance(module);
  const item = { results: {} };
  const loop = (key, run, amount) =>
    alternate([{ item, run, times: 1, best: Infinity }], { key, unit: () => amount / 1e9 }, rounds);
  await loop('gemm', exports.bench_peak, exports.bench_peak_products());
  const rows = Math.floor(dramBytes / exports.bench_bytes(0, n));
  if (rows && exports.bench_prepare(0, rows, n, 1))
    await loop('dram', exports.bench_read, rows * exports.bench_bytes(0, n));
  return { name: PEAK, ...item.results };
}

/* Measures jobs in alternating slices, and stores their rates. */
async function alternate(jobs, work, rounds) {
  for (const job of jobs) {
    const end = performance.now() + 60; /* until the optimizing compiler is done */
    while (performance.now() < end) job.run(1);
    for (;;) {
      const start = performance.now();
      job.run(job.times);
      if (performance.now() - start > SLICE / 2) break;
      job.times *= 2;
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const job of jobs) {
      const start = performance.now();
      job.run(job.times);
      job.best = Math.min(job.best, (performance.now() - start) / job.times);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  for (const job of jobs) job.item.results[work.key] = work.unit(job.item.entry) / (job.best / 1000);
}
