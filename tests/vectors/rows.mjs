/* Hashes rows of logits or embeddings for test_vectors.py and test_embeddings.py: node rows.mjs plain|relaxed
 * THREADS. Each line of standard input is a job as JSON: {model, ids, batch}, or {model, ids, batch, pooling,
 * normalize}. Each is answered by a line: the sha256 of all rows, or "failed: " and the reason. */
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { startEngine } from '../../web/bin/engine.js';
import { openModel } from '../../web/bin/files.js';
import { LOGITS_ALL } from '../../web/engine.js';

const [build, threads] = process.argv.slice(2);
const { engine } = await startEngine({ build }, Number(threads));

async function rows({ model: path, ids, batch, pooling, normalize }) {
  const source = openModel(path);
  const model = await engine.loadModel(source).finally(source.close);
  const session = model.session({ context: ids.length, batch });
  const hash = createHash('sha256');
  if (pooling) session.embed(ids, { pooling, normalize });
  else session.feed(ids, LOGITS_ALL);
  for (let more = true; more;) {
    more = session.step();
    for (let row = 0; row < session.rows; row++) hash.update(new Uint8Array((pooling ? session.embedding(row) : session.logits(row)).buffer));
  }
  session.free();
  model.free();
  return hash.digest('hex');
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(await rows(JSON.parse(line)).catch((error) => `failed: ${error.message}`.replaceAll('\n', ' ')));
}
await engine.stop();
