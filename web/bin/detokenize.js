/* quern detokenize: token ids to text. */
import { openDirectory } from './engine.js';

export default async function detokenize(options) {
  const { model } = await openDirectory(options);
  process.stdout.write(model.detokenize(options.ids, { showSpecial: true }));
}
