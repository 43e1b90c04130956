/* Renders chat templates in Node: node render_templates.mjs MODULE. Reads JSON from standard input, a list of
 * [template, context], and prints the list of their statuses. */
import { readFileSync } from 'node:fs';
import { Engine, QuernError } from '../../web/engine.js';

const engine = await Engine.start(readFileSync(process.argv[2]));
const statuses = JSON.parse(readFileSync(0)).map(([template, context]) => {
  try {
    engine.prompt(null, context, template).free();
    return 0;
  } catch (error) {
    if (!(error instanceof QuernError)) throw error; /* such as a trap */
    return error.code;
  }
});
console.log(JSON.stringify(statuses));
