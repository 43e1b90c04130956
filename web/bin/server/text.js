/* Endpoints for a model's text, as llama.cpp's server has them: tokens of a text, text of tokens, and the prompt of
 * a chat. */
import { readFields } from '../../api/fields.js';
import { grammarSourceOf } from '../../api/grammars.js';
import { booleanField, chatOf, RequestError, requireTokens } from '../../api/requests.js';
import { requireLength, requireRoom } from '../../api/text-limit.js';
import { readJson, sendJson } from './http.js';
import { loadedModel } from './openai.js';

/* Tokens with their text. */
async function withPieces(model, ids) {
  const unique = [...new Set(ids)];
  const pieces = await model.pieces(unique);
  const byId = new Map(unique.map((id, i) => [id, pieces[i]]));
  return ids.map((id) => ({ id, piece: byId.get(id) }));
}

export async function tokenize(entries, request, response) {
  const fields = readFields(await readJson(request), 'tokenize');
  const { model } = loadedModel(entries, fields.model);
  if (typeof fields.content !== 'string') throw new RequestError('content must be a text', 'content');
  requireLength(fields.content.length, model.info.textLimit, 'content');
  const tokens = await model.tokenize(fields.content, {
    addSpecial: booleanField(fields, 'add_special', false),
    parseSpecial: booleanField(fields, 'parse_special', true),
  });
  const wantsPieces = booleanField(fields, 'with_pieces', false);
  sendJson(response, 200, { tokens: wantsPieces ? await withPieces(model, tokens) : tokens });
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
  grammarSourceOf(fields); /* throws for wrong types */
  requireRoom(messages, model.info);
  sendJson(response, 200, { prompt: (await model.template(messages, variables)).text });
}
