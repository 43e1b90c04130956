/* Embeddings of texts, for workers, Node and servers alike, and OpenAI's shape of them. */
import { RequestError } from './completions.js';
import { POOLINGS } from '../engine/constants.js';

const MOST_INPUTS = 2048;
const isIds = (input) => Array.isArray(input) && input.length > 0 && input.every(Number.isInteger);

/* The inputs that a text, token ids, or a list of either stands for. */
export function inputsOf(input) {
  const inputs = typeof input === 'string' || isIds(input) ? [input] : input;
  if (
    !Array.isArray(inputs) ||
    inputs.length === 0 ||
    inputs.length > MOST_INPUTS ||
    !inputs.every((each) => typeof each === 'string' || isIds(each))
  ) {
    throw new RequestError(`input is a text, token ids, or a list of up to ${MOST_INPUTS} of either`, 'input');
  }
  return inputs;
}

/* The rows of each input (one, or with pooling 'none' one a token), whether they were pooled, and how many tokens there were.
 * pooling: 'mean', 'cls', 'last' or 'none'; without it the model's own. pause() is awaited between bounded steps. */
export async function embed(
  model,
  inputs,
  { pooling = 'model', normalize = true, contextSize = model.contextSize, pause = async () => {}, signal } = {},
) {
  if (!Object.hasOwn(POOLINGS, pooling)) throw new RequestError('pooling is mean, cls, last or none', 'pooling');
  if (pooling === 'model' && model.pooling === 'model') {
    throw new RequestError("the model's file does not say how it is pooled: choose mean, cls, last or none", 'pooling');
  }
  const texts = inputs.map((input) => (typeof input === 'string' ? model.tokenize(input) : input));
  const longest = Math.max(...texts.map((ids) => ids.length));
  if (texts.some((ids) => ids.length === 0)) throw new RequestError('an input is empty', 'input');
  if (longest > contextSize) {
    throw new RequestError(
      `an input has ${longest} tokens, the model takes ${contextSize} at most`,
      'input',
      'context_length_exceeded',
    );
  }
  const session = model.session({ context: longest });
  try {
    const rows = [];
    for (const ids of texts) {
      const found = [];
      session.embed(ids, { pooling, normalize });
      for (let more = true; more; ) {
        more = session.step();
        for (let row = 0; row < session.rows; row++) found.push(session.embedding(row));
        await pause(session.waiting, signal);
        signal?.throwIfAborted();
      }
      rows.push(found);
    }
    const pooled = (pooling === 'model' ? model.pooling : pooling) !== 'none';
    return { rows, pooled, tokens: texts.reduce((sum, ids) => sum + ids.length, 0) };
  } finally {
    session.free();
  }
}

/* The first numbers of a row, as long as 1 again: models that are made for it lose little. */
function shortened(row, dimensions) {
  if (dimensions === undefined || dimensions === null) return row;
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > row.length) {
    throw new RequestError(`dimensions is a whole number from 1 to ${row.length}`, 'dimensions');
  }
  const short = row.slice(0, dimensions);
  const length = Math.hypot(...short);
  return length > 0 ? short.map((value) => value / length) : short;
}

/* float32, the lowest byte first. */
function base64(row) {
  let text = '';
  for (const byte of new Uint8Array(row.buffer, row.byteOffset, row.byteLength)) text += String.fromCharCode(byte);
  return btoa(text);
}

/* The answer to a request, by embed(inputs, options) of this module with its model. */
export async function createEmbeddings(
  { input, dimensions, encoding_format: form = 'float', pooling },
  name,
  embedding,
) {
  if (form !== 'float' && form !== 'base64')
    throw new RequestError('encoding_format is float or base64', 'encoding_format');
  const { rows, pooled, tokens } = await embedding(inputsOf(input), { pooling });
  if (!pooled) throw new RequestError('pooling none gives a vector for each token: model.embed() has them', 'pooling');
  const data = rows.map(([row], index) => {
    const short = shortened(row, dimensions);
    return { object: 'embedding', index, embedding: form === 'base64' ? base64(short) : Array.from(short) };
  });
  return { object: 'list', data, model: name, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}
