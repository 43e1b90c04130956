/* Endpoints for a model's text, as llama.cpp's server has them: tokens of a text, text of tokens, and the prompt of
 * a chat. */
import { chatOf, presentFields } from '../../api/requests.js';
import { HttpError, readJson, sendJson } from './http.js';
import { loadedModel } from './openai.js';

/* A field that must have a type. */
function field(body, name, type, fallback) {
  const value = body[name] ?? fallback;
  if (typeof value !== type)
    throw new HttpError(400, `${name} must be ${type === 'boolean' ? 'true or false' : `a ${type}`}`, { param: name });
  return value;
}

/* A token's text, or its bytes if they are not whole characters. */
async function pieceOf(model, id) {
  const bytes = await model.detokenize([id], { showSpecial: true, bytes: true });
  try {
    return { id, piece: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { id, piece: Array.from(bytes) };
  }
}

export async function tokenize(entries, request, response) {
  const body = await readJson(request);
  const { model } = loadedModel(entries, body.model);
  const tokens = await model.tokenize(field(body, 'content', 'string'), {
    addSpecial: field(body, 'add_special', 'boolean', false),
    parseSpecial: field(body, 'parse_special', 'boolean', true),
  });
  const withPieces = field(body, 'with_pieces', 'boolean', false);
  sendJson(response, 200, {
    tokens: withPieces ? await Promise.all(tokens.map((id) => pieceOf(model, id))) : tokens,
  });
}

export async function detokenize(entries, request, response) {
  const body = await readJson(request);
  const { model } = loadedModel(entries, body.model);
  const { tokens } = body;
  const { vocabSize } = model.info;
  if (!Array.isArray(tokens) || !tokens.every((id) => Number.isInteger(id) && id >= 0 && id < vocabSize))
    throw new HttpError(400, `tokens must be a list of token ids from 0 to ${vocabSize - 1}`, { param: 'tokens' });
  sendJson(response, 200, { content: await model.detokenize(tokens, { showSpecial: true }) });
}

export async function applyTemplate(entries, request, response) {
  const body = await readJson(request);
  const { model } = loadedModel(entries, body.model);
  const { messages, variables } = chatOf(presentFields(body));
  sendJson(response, 200, { prompt: (await model.template(messages, variables)).text });
}
