/* Starts an engine and loads a model, in any JavaScript host. */
import { memoryImport, sharedMemory } from '../../web/memory.js';
import { startThreads } from '../../web/threads.js';

const MORE = 1;
const CHUNK = 16 << 20;

/* wasm: a Uint8Array of the module. {exports, memory, stop()} */
export async function startEngine(wasm, threads) {
  const module = await WebAssembly.compile(wasm);
  const limits = memoryImport(wasm);
  const memory = limits ? sharedMemory(limits) : undefined;
  const { exports } = await WebAssembly.instantiate(module, memory ? { env: { memory } } : {});
  const workers = threads > 1 ? await startThreads({ module, memory, exports, threads }) : null;
  return { exports, memory: memory ?? exports.memory, stop: async () => workers?.stop() };
}

/* read(bytes, offset) fills bytes of the file from offset, and says how many. */
export async function loadModel({ exports, memory }, size, read) {
  const model = exports.qn_model_open(BigInt(size));
  const want = exports.qn_alloc(24);
  const fail = () => { throw new Error('the engine does not take the model'); };
  for (let placed = false; ; placed = true) {
    for (;;) {
      const status = exports.qn_model_want(model, want);
      if (status < 0) fail();
      if (status !== MORE) break;
      const [offset, bytes, address] = new BigUint64Array(memory.buffer, want, 3).slice();
      const length = Math.min(Number(bytes), CHUNK);
      const got = await read(new Uint8Array(memory.buffer, Number(address), length), Number(offset));
      if (exports.qn_model_wrote(model, BigInt(got)) < 0) fail();
    }
    if (placed) break;
    if (exports.qn_model_place(model) < 0) fail();
  }
  exports.qn_free(want);
  return model;
}
