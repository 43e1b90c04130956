/* Saves or restores a session in Node: node save_session.mjs MODULE MODEL save|restore FILE. Prints the tokens that the
 * session draws next. */

import { once } from 'node:events';
import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { Engine } from '../../web/engine.js';

const [wasm, path, action, file] = process.argv.slice(2);
const bytes = readFileSync(path);
const engine = await Engine.start(readFileSync(wasm));
const model = await engine.loadModel({
  size: bytes.length,
  read(room, offset) {
    const part = bytes.subarray(offset, offset + room.length);
    room.set(part);
    return part.length;
  },
});
const session = model.session({ context: 128 });
if (action === 'save') {
  session.sampling({
    temperature: 30,
    topK: 0,
    topP: 1,
    minP: 0,
    seed: 3,
    penaltyLastN: -1,
    frequencyPenalty: 0.2,
    logitBias: { 5: -3 },
  });
  session.feed(Array.from({ length: 80 }, (_, i) => (i * 29 + 17) % 200));
  while (session.step());
  session.sample();
  const out = createWriteStream(file);
  let length = 0;
  for (const piece of session.save(50000)) {
    length += piece.length;
    out.write(piece);
  }
  out.end();
  await once(out, 'finish');
  if (length !== session.savedBytes) throw new Error(`${length} bytes, not ${session.savedBytes}`);
} else {
  await session.restore(createReadStream(file, { highWaterMark: 7000 }));
}
const fork = session.fork();
const answers = [fork, session].map((one) =>
  Array.from({ length: 30 }, () => {
    const id = one.sample();
    one.feed([id]);
    while (one.step());
    return id;
  }),
);
if (`${answers[0]}` !== `${answers[1]}`) throw new Error('the fork drew other tokens');
console.log(`${answers[0]}`);
