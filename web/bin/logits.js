/* quern logits: the logits of every token, as rows of 32-bit floats. */
import { LOGITS_ALL } from '../engine.js';
import { loadModel } from './engine.js';
import { openOutput } from './files.js';
import { progress } from './progress.js';

export default async function logits(options) {
  const { tokens } = options;
  const { model, engine } = await loadModel(options);
  const session = model.session({ context: tokens.length, batch: options.batch ?? 0 });
  const file = openOutput(options.output);
  const bar = progress('computing');
  session.feed(tokens, LOGITS_ALL);
  for (let more = true; more; ) {
    more = session.step();
    for (let row = 0; row < session.rows; row++) await file.write(new Uint8Array(session.logits(row).buffer));
    bar.show(session.position, tokens.length);
  }
  bar.done();
  file.close();
  session.free();
  model.free();
  await engine.stop();
}
