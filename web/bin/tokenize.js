/* quern tokenize: text to token ids. */
import { openDirectory } from './engine.js';
import { standardInput } from './files.js';

export default async function tokenize(options) {
  const { model } = await openDirectory(options);
  const ids = model.tokenize(standardInput(), { addSpecial: !options['no-bos'], parseSpecial: !options['no-special'] });
  process.stdout.write(`${ids.join(',')}\n`);
}
