/* Embeddings of texts, and OpenAI's shape of them. */
import { POOLINGS } from '../engine/constants.js';
import { readFields } from './fields.js';
import { present, RequestError, requireTokens, requireVocabulary, textsOf } from './requests.js';
import { requireLength, textLimitOf } from './text-limit.js';

/**
 * @import { EmbeddingList, EmbeddingRequest } from '../index.js'
 * @import { Pooling } from '../engine.js'
 * @import { Model } from '../engine/model.js'
 *
 * @typedef {(string | number[])[]} Inputs texts or token ids
 *
 * The rows of each input: one, or one for each token if they are not pooled.
 * @typedef {{ rows: Float32Array[][], pooled: boolean, tokens: number }} Embedded
 *
 * @typedef {object} EmbedOptions
 * @property {Pooling} [pooling] the model's by default
 * @property {boolean} [normalize] scale rows to length 1; true by default
 * @property {number} [contextSize] most tokens of an input; the model's by default
 * @property {AbortSignal} [signal]
 * @property {(waiting: boolean, signal?: AbortSignal) => Promise<unknown>} [pause] as in ConversationOptions
 */

const MAX_INPUTS = 2048;

/**
 * The list of inputs that a text, token ids, or a list of them stands for.
 * @param {unknown} input
 * @returns {Inputs}
 */
export const inputsOf = (input) => textsOf(input, 'input', MAX_INPUTS);

/**
 * @param {Model} model
 * @param {Pooling} pooling
 */
function requirePooling(model, pooling) {
  if (!Object.hasOwn(POOLINGS, pooling)) throw new RequestError('pooling must be mean, cls, last or none', 'pooling');
  if (pooling === 'model' && model.pooling === 'model') {
    throw new RequestError("the model's file names no pooling: choose mean, cls, last or none", 'pooling');
  }
}

/**
 * The token ids of an input. Throws if the model cannot compute them.
 * @param {Model} model
 * @param {string | number[]} input
 * @param {number} contextSize
 */
function tokensOf(model, input, contextSize) {
  if (typeof input === 'string') requireLength(input.length, textLimitOf(model, contextSize), 'input');
  const ids = typeof input === 'string' ? model.tokenize(input) : input;
  requireTokens(model, ids, 'input');
  if (ids.length === 0) throw new RequestError('an input is empty', 'input');
  if (ids.length > contextSize) {
    throw new RequestError(
      `an input has ${ids.length} tokens, the model takes at most ${contextSize}`,
      'input',
      'context_length_exceeded',
    );
  }
  return ids;
}

/**
 * @param {Model} model
 * @param {Inputs} inputs
 * @param {EmbedOptions} [options]
 * @returns {Promise<Embedded>}
 */
export async function embed(model, inputs, options = {}) {
  const {
    pooling = 'model',
    normalize = true,
    contextSize = model.contextSize,
    pause = async () => {},
    signal,
  } = present(options);
  requirePooling(model, pooling);
  if (inputs.some((input) => typeof input === 'string')) requireVocabulary(model);
  const texts = [];
  for (const input of inputs) {
    await pause(false, signal);
    signal?.throwIfAborted();
    texts.push(tokensOf(model, input, contextSize));
  }
  const session = model.session({ context: Math.max(...texts.map((ids) => ids.length)) });
  try {
    const rows = [];
    for (const ids of texts) {
      const found = [];
      session.embed(ids, { pooling, normalize });
      for (let more = true; more; ) {
        more = session.step();
        for (let row = 0; row < session.rows; row++) found.push(/** @type {Float32Array} */ (session.embedding(row)));
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

/**
 * The first numbers of a row, scaled to length 1. Models trained for it lose little.
 * @param {Float32Array} row
 * @param {number | undefined} dimensions
 */
function shortened(row, dimensions) {
  if (dimensions === undefined) return row;
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > row.length) {
    throw new RequestError(`dimensions must be an integer from 1 to ${row.length}`, 'dimensions');
  }
  const short = row.slice(0, dimensions);
  const length = Math.hypot(...short);
  return length > 0 ? short.map((value) => value / length) : short;
}

/**
 * Little-endian float32 as base64.
 * @param {Float32Array} row
 */
function base64(row) {
  let text = '';
  for (const byte of new Uint8Array(row.buffer, row.byteOffset, row.byteLength)) text += String.fromCharCode(byte);
  return btoa(text);
}

/**
 * Answers a request in OpenAI's shape.
 * @param {EmbeddingRequest} request
 * @param {string} name of the model
 * @param {(inputs: Inputs, options: { pooling?: Pooling }) => Promise<Embedded>} embedInputs embed() with the model
 * @returns {Promise<EmbeddingList>}
 */
export async function createEmbeddings(request, name, embedInputs) {
  const { input, dimensions, encoding_format: format = 'float', pooling } = readFields(request, 'embedding');
  if (format !== 'float' && format !== 'base64')
    throw new RequestError('encoding_format must be float or base64', 'encoding_format');
  const { rows, pooled, tokens } = await embedInputs(inputsOf(input), { pooling });
  if (!pooled)
    throw new RequestError('pooling none gives a vector for each token: use model.embed() for them', 'pooling');
  const data = rows.map(([row], index) => {
    const short = shortened(row, dimensions);
    const embedding = format === 'base64' ? base64(short) : Array.from(short);
    return { object: /** @type {const} */ ('embedding'), index, embedding };
  });
  return { object: 'list', data, model: name, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}
