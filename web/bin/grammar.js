/* quern grammar: which texts a grammar accepts. */
import { grammarOf } from './constraint.js';
import { openDirectory, startEngine } from './engine.js';
import { standardText } from './files.js';
import { UsageError } from './options.js';

/* The text of a line of standard input, a JSON string. */
function candidate(line, number) {
  try {
    const text = JSON.parse(line);
    if (typeof text === 'string') return text;
  } catch {
    /* reported below */
  }
  throw new Error(`line ${number} of standard input is not a JSON string`);
}

export default async function grammar(options) {
  const withModel = options.model !== undefined;
  const { engine, model = null } = withModel ? await openDirectory(options) : await startEngine(options);
  const compiled = grammarOf(engine, model, options);
  if (!compiled) throw new UsageError('give --schema, --grammar or --regex');
  const lines = standardText()
    .split('\n')
    .filter((line) => line.trim() !== '');
  const verdicts = lines.map((line, i) => `${compiled.accepts(candidate(line, i + 1))}\n`);
  process.stdout.write(verdicts.join(''));
  compiled.free();
  model?.free();
}
