/* OpenAI's endpoints. entries: [{id, created, model}]; model, from loadModel(), is set once it has loaded. */
import { once } from 'node:events';
import { HttpError, readJson, sendJson } from './http.js';

const describe = ({ id, created }) => ({ id, object: 'model', created, owned_by: 'quern' });

export function findModel(entries, id) {
  const entry = id === undefined || id === null ? entries[0] : entries.find((each) => each.id === id);
  if (!entry)
    throw new HttpError(404, `there is no model ${JSON.stringify(id ?? null)}; GET /v1/models lists the models`, {
      param: 'model',
      code: 'model_not_found',
    });
  return entry;
}

export const listModels = (entries) => ({ object: 'list', data: entries.map(describe) });
export const oneModel = (entries, id) => describe(findModel(entries, id));

function loaded(entries, id) {
  const entry = findModel(entries, id);
  if (!entry.model)
    throw new HttpError(503, `${entry.id} is still loading; try again in a moment`, {
      code: 'model_loading',
      headers: { 'Retry-After': '1' },
    });
  return entry;
}

/* Parameters that would change the answer but are not supported. Each function returns whether a value must be refused. */
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
    throw new HttpError(400, 'stream must be true or false', { param: 'stream' });
  return body.tool_choice === 'none' ? { ...body, tools: undefined } : body;
}

/* Status codes of quern.h that a request can cause: argument, unsupported, context, template, limit. */
const REQUEST_ERRORS = [-1, -3, -6, -7, -8];

export function httpError(error) {
  if (error instanceof HttpError) return error;
  const { name, message, param, code } = error;
  if (name === 'RequestError') return new HttpError(400, message, { param, code });
  if (name === 'QuernError' && REQUEST_ERRORS.includes(code)) return new HttpError(400, message);
  return new HttpError(500, message);
}

/* A signal that aborts when the client closes the connection. */
function closeSignal(response) {
  const controller = new AbortController();
  response.on('close', () => controller.abort());
  return controller.signal;
}

async function streamed(response, chunks, signal) {
  const next = () => chunks.next();
  let { value, done } = await next(); /* an error before the first chunk still gets its own status */
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
  const signal = closeSignal(response);
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
  const signal = closeSignal(response);
  const body = await readJson(request);
  const { id, model } = loaded(entries, body.model);
  sendJson(response, 200, { ...(await model.embeddings.create(body, { signal })), model: id });
}
