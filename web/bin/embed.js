/* quern embed: the embedding of a text, or of each of its tokens. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { loadModel, naming } from './engine.js';
import { standardText, withPath } from './files.js';

/* One line of JSON per row, with eight decimals. */
const lineOf = (row) => `[${Array.from(row, (value) => value.toFixed(8)).join(',')}]\n`;

export default async function embed(options) {
  if (!options.tokens) options.prompt ??= standardText(); /* read here, because another host may take over */
  const { model, engine, source } = await loadModel(options);
  const ids = options.tokens ?? model.tokenize(options.prompt);
  naming(source.path, () => {
    const session = model.session({ context: Math.max(ids.length, 1), batch: options.batch ?? 0 });
    session.embed(ids, { pooling: options.pooling, normalize: !options.raw });
    const file = options.output && withPath(options.output, () => openSync(options.output, 'w'));
    for (let more = true; more; ) {
      more = session.step();
      for (let row = 0; row < session.rows; row++) {
        const values = session.embedding(row);
        if (file) writeSync(file, new Uint8Array(values.buffer));
        else process.stdout.write(lineOf(values));
      }
    }
    if (file) closeSync(file);
    session.free();
  });
  model.free();
  await engine.stop();
}
