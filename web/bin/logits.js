/* quern logits: the logits of every token, as rows of 32-bit floats in a file. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { LOGITS_ALL } from '../engine.js';
import { loadModel } from './engine.js';
import { withPath } from './files.js';
import { progress } from './progress.js';

export default async function logits(options) {
  const { tokens } = options;
  const { model, engine } = await loadModel(options);
  const session = model.session({ context: tokens.length, batch: options.batch ?? 0 });
  const file = withPath(options.output, () => openSync(options.output, 'w'));
  const bar = progress('computing');
  session.feed(tokens, LOGITS_ALL);
  for (let more = true; more; ) {
    more = session.step();
    for (let row = 0; row < session.rows; row++) writeSync(file, new Uint8Array(session.logits(row).buffer));
    bar.show(session.position, tokens.length);
  }
  bar.done();
  closeSync(file);
  session.free();
  model.free();
  await engine.stop();
}
