import { openDirectory } from './engine.js';
import { ids } from './options.js';

export default async function detokenize(options) {
  const list = ids('ids', options.ids);
  const { model } = await openDirectory(options);
  process.stdout.write(model.detokenize(list, { showSpecial: true }));
}
