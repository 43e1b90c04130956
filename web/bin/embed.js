/* quern embed: the embedding of a text, or of each of its tokens. */
import { loadModel, naming } from './engine.js';
import { openOutput, standardText } from './files.js';

/* One line of JSON per row, with eight decimals. */
const lineOf = (row) => `[${Array.from(row, (value) => value.toFixed(8)).join(',')}]\n`;

export default async function embed(options) {
  if (!options.tokens) options.prompt ??= standardText(); /* read here, because another host may take over */
  const { model, engine, source } = await loadModel(options);
  const ids = options.tokens ?? model.tokenize(options.prompt);
  const session = naming(source.path, () => {
    const made = model.session({ context: Math.max(ids.length, 1), batch: options.batch ?? 0 });
    made.embed(ids, { pooling: options.pooling, normalize: !options.raw });
    return made;
  });
  const file = options.output && openOutput(options.output);
  for (let more = true; more; ) {
    more = naming(source.path, () => session.step());
    for (let row = 0; row < session.rows; row++) {
      const values = session.embedding(row);
      if (file) await file.write(new Uint8Array(values.buffer));
      else process.stdout.write(lineOf(values));
    }
  }
  file?.close();
  session.free();
  model.free();
  await engine.stop();
}
