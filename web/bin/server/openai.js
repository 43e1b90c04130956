/* OpenAI's endpoints. entries: [{id, created, metrics, pooling, model}]; model, from loadModel(), is set once it has
 * loaded. pooling: how embeddings are pooled if neither the request nor the model says so. */
import { STATUS } from '../../engine/constants.js';
import { EventStream } from './events.js';
import { HttpError, readJson, sendJson } from './http.js';
import { Stopwatch } from './metrics.js';

const describe = ({ id, created }) => ({ id, object: 'model', created, owned_by: 'quern' });

function findModel(entries, id) {
  const entry = entries.find((each) => each.id === id);
  if (!entry)
    throw new HttpError(404, `there is no model ${JSON.stringify(id)}; GET /v1/models lists the models`, {
      param: 'model',
      code: 'model_not_found',
    });
  return entry;
}

export const listModels = (entries) => ({ object: 'list', data: entries.map(describe) });
export const oneModel = (entries, id) => describe(findModel(entries, id));

/* The model of a request. Clients with a fixed name in their settings get the only model, whatever its name is. */
export function loadedModel(entries, id) {
  if ((id ?? '') !== '' && typeof id !== 'string') throw new HttpError(400, 'model must be a text', { param: 'model' });
  const entry = entries.length === 1 || (id ?? undefined) === undefined ? entries[0] : findModel(entries, id);
  if (!entry.model)
    throw new HttpError(503, `${entry.id} is still loading; try again in a moment`, {
      code: 'model_loading',
      headers: { 'Retry-After': '1' },
    });
  return entry;
}

/* Status codes of quern.h that a request can cause: argument, unsupported, context, template, limit. */
const REQUEST_ERRORS = [-1, -3, -6, -7, -8];

export function httpError(error) {
  if (error instanceof HttpError) return error;
  const { name, message, param, code } = error;
  if (name === 'RequestError') return new HttpError(400, message, { param, code });
  if (name === 'QuernError' && REQUEST_ERRORS.includes(code)) return new HttpError(400, message);
  if (name === 'QuernError' && code === STATUS.memory) return new HttpError(413, message);
  return new HttpError(500, message);
}

/* A signal that aborts when the client closes the connection. */
export function closeSignal(response) {
  const controller = new AbortController();
  response.on('close', () => controller.abort());
  return controller.signal;
}

async function streamed(events, chunks, signal) {
  try {
    for await (const chunk of chunks) await events.send(JSON.stringify(chunk));
    await events.send('[DONE]');
  } catch (error) {
    if (events.started && !signal.aborted) await events.send(JSON.stringify(httpError(error).body));
    throw error;
  } finally {
    events.end();
  }
}

/* Names the model in each chunk and counts the usage, which only some clients want. */
async function* finished(chunks, { id, metrics }, wantsUsage) {
  for await (const chunk of chunks) {
    if (chunk.usage) metrics.addUsage(chunk.usage);
    if (!chunk.usage || wantsUsage) yield { ...chunk, model: id };
  }
}

async function stream(create, entry, body, response, { signal, stopwatch }) {
  const events = new EventStream(response, signal);
  const options = { ...body.stream_options, include_usage: true };
  const onProgress = (progress) => {
    events.start();
    stopwatch.progress(progress);
  };
  const chunks = await create({ ...body, stream_options: options }, { signal, onProgress });
  await streamed(events, finished(chunks, entry, body.stream_options?.include_usage), signal);
}

async function generate(entries, request, response, kind) {
  const signal = closeSignal(response);
  const body = await readJson(request);
  const entry = loadedModel(entries, body.model);
  const { create } = kind(entry.model);
  const stopwatch = new Stopwatch(entry.metrics);
  const work = async () => {
    if (body.stream) return stream(create, entry, body, response, { signal, stopwatch });
    const answer = await create(body, { signal, onProgress: (progress) => stopwatch.progress(progress) });
    entry.metrics.addUsage(answer.usage);
    sendJson(response, 200, { ...answer, model: entry.id });
  };
  await entry.metrics.count(work, statusOf).finally(() => stopwatch.stop());
}

/* The status under which a failed request is counted; 499: the client has left. */
export const statusOf = (error) => (error.name === 'AbortError' ? 499 : httpError(error).status);

export const chat = (entries, request, response) =>
  generate(entries, request, response, (model) => model.chat.completions);
export const complete = (entries, request, response) =>
  generate(entries, request, response, (model) => model.completions);

export async function embed(entries, request, response) {
  const signal = closeSignal(response);
  const body = await readJson(request);
  const { id, model, metrics, pooling } = loadedModel(entries, body.model);
  const preset = model.info.encoder ? undefined : pooling;
  await metrics.count(async () => {
    const answer = await model.embeddings.create({ ...body, pooling: body.pooling ?? preset }, { signal });
    metrics.addUsage(answer.usage);
    sendJson(response, 200, { ...answer, model: id });
  }, statusOf);
}
