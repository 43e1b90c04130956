/* OpenAI's endpoints on loaded models. An entry is {id, created, model}; `model`, of the package, is there once it is loaded. */
import { once } from 'node:events';
import { HttpError, readJson, sendJson } from './http.js';

const describe = ({ id, created }) => ({ id, object: 'model', created, owned_by: 'quern' });

export function findModel(entries, id) {
  const entry = id === undefined || id === null ? entries[0] : entries.find((each) => each.id === id);
  if (!entry)
    throw new HttpError(
      404,
      `the model ${JSON.stringify(id ?? null)} is not here; GET /v1/models lists those that are`,
      { param: 'model', code: 'model_not_found' },
    );
  return entry;
}

export const listModels = (entries) => ({ object: 'list', data: entries.map(describe) });
export const oneModel = (entries, id) => describe(findModel(entries, id));

function loaded(entries, id) {
  const entry = findModel(entries, id);
  if (!entry.model)
    throw new HttpError(503, `${entry.id} is being loaded`, { code: 'model_loading', headers: { 'Retry-After': '1' } });
  return entry;
}

/* What would change the answer and cannot be done is refused rather than passed over. Each tells what is not understood. */
const REFUSED = {
  audio: () => true,
  best_of: (value, { n }) => value !== (n ?? 1),
  echo: (value) => value !== false,
  function_call: () => true,
  functions: () => true,
  modalities: (value) => String(value) !== 'text',
  response_format: (value) => value.type !== 'text',
  suffix: (value) => value !== '',
  tool_choice: (value) => value !== 'auto' && value !== 'none',
};

function checked(body) {
  for (const [name, refused] of Object.entries(REFUSED)) {
    const value = body[name] ?? undefined;
    if (value !== undefined && refused(value, body))
      throw new HttpError(400, `${name} ${JSON.stringify(value)} is not supported`, {
        param: name,
        code: 'unsupported_parameter',
      });
  }
  if (typeof (body.stream ?? false) !== 'boolean')
    throw new HttpError(400, 'stream is true or false', { param: 'stream' });
  return body.tool_choice === 'none' ? { ...body, tools: undefined } : body;
}

/* Errors of the engine that a request can cause, by the codes of quern.h: argument, unsupported, context, template, limit. */
const OF_REQUEST = [-1, -3, -6, -7, -8];

export function httpError(error) {
  if (error instanceof HttpError) return error;
  const { name, message, param, code } = error;
  if (name === 'RequestError') return new HttpError(400, message, { param, code });
  if (name === 'QuernError' && OF_REQUEST.includes(code)) return new HttpError(400, message);
  return new HttpError(500, message);
}

/* Aborts when the client goes away. */
function untilClosed(response) {
  const controller = new AbortController();
  response.on('close', () => controller.abort());
  return controller.signal;
}

async function streamed(response, chunks, signal) {
  const next = () => chunks.next();
  let { value, done } = await next(); /* what is wrong before any answer has a status of its own */
  response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-cache' });
  const send = async (text) => {
    if (!response.write(`data: ${text}\n\n`)) await once(response, 'drain', { signal });
  };
  try {
    for (; !done; { value, done } = await next()) await send(JSON.stringify(value));
    await send('[DONE]');
  } catch (error) {
    if (!signal.aborted) await send(JSON.stringify(httpError(error).body));
    throw error;
  } finally {
    response.end();
  }
}

async function* named(chunks, model) {
  for await (const chunk of chunks) yield { ...chunk, model };
}

async function generate(entries, request, response, kind) {
  const signal = untilClosed(response);
  const body = checked(await readJson(request));
  const { id, model } = loaded(entries, body.model);
  const answer = await kind(model).create(body, { signal });
  if (body.stream) await streamed(response, named(answer, id), signal);
  else sendJson(response, 200, { ...answer, model: id });
}

export const chat = (entries, request, response) =>
  generate(entries, request, response, (model) => model.chat.completions);
export const complete = (entries, request, response) =>
  generate(entries, request, response, (model) => model.completions);

export async function embed(entries, request, response) {
  const signal = untilClosed(response);
  const body = await readJson(request);
  const { id, model } = loaded(entries, body.model);
  sendJson(response, 200, { ...(await model.embeddings.create(body, { signal })), model: id });
}
