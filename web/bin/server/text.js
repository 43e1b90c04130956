/* Endpoints for a model's text, as llama.cpp's server has them: tokens of a text, text of tokens, and the prompt of
 * a chat. */
import { readFields } from '../../api/fields.js';
import { booleanField, chatOf, RequestError, requireTokens } from '../../api/requests.js';
import { readJson, sendJson } from './http.js';
import { loadedModel } from './openai.js';

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
  const fields = readFields(await readJson(request), 'tokenize');
  const { model } = loadedModel(entries, fields.model);
  if (typeof fields.content !== 'string') throw new RequestError('content must be a text', 'content');
  const tokens = await model.tokenize(fields.content, {
    addSpecial: booleanField(fields, 'add_special', false),
    parseSpecial: booleanField(fields, 'parse_special', true),
  });
  const withPieces = booleanField(fields, 'with_pieces', false);
  sendJson(response, 200, {
    tokens: withPieces ? await Promise.all(tokens.map((id) => pieceOf(model, id))) : tokens,
  });
}

export async function detokenize(entries, request, response) {
  const fields = readFields(await readJson(request), 'detokenize');
  const { model } = loadedModel(entries, fields.model);
  const { tokens } = fields;
  if (!Array.isArray(tokens) || !tokens.every(Number.isInteger))
    throw new RequestError('tokens must be a list of token ids', 'tokens');
  requireTokens(model.info, tokens, 'tokens');
  sendJson(response, 200, { content: await model.detokenize(tokens, { showSpecial: true }) });
}

export async function applyTemplate(entries, request, response) {
  const fields = readFields(await readJson(request), 'chat');
  const { model } = loadedModel(entries, fields.model);
  const { messages, variables } = chatOf(fields);
  sendJson(response, 200, { prompt: (await model.template(messages, variables)).text });
}
