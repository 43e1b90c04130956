/* Tests the server of ./quern serve with models that fail: node serve-failing.test.mjs. Prints a line of JSON per
 * check: its name and its error, or null. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { modelServer } from '../../web/bin/server/index.js';

const messages = [{ role: 'user', content: 'Hello' }];
const chunk = {
  id: 'x',
  object: 'chat.completion.chunk',
  created: 0,
  choices: [{ index: 0, delta: { content: 'a' }, finish_reason: null }],
};
const model = (create) => ({ chat: { completions: { create } }, info: {} });
const failures = [];
async function* endless(entry, signal) {
  while (!signal.aborted) {
    entry.sent++;
    yield { ...chunk, choices: [{ ...chunk.choices[0], delta: { content: 'a'.repeat(100_000) } }] };
  }
  signal.throwIfAborted();
}
const entries = [
  { id: 'waiting' },
  {
    id: 'broken',
    model: model(async () => {
      throw new TypeError('a mistake');
    }),
  },
  {
    id: 'breaking',
    model: model(async () =>
      (async function* chunks() {
        yield chunk;
        throw new Error('it broke');
      })(),
    ),
  },
  {
    id: 'long',
    sent: 0,
    model: model((request, { signal }) => {
      const [entry] = entries.slice(3);
      entry.left = new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      entry.onBegin?.();
      return request.stream ? endless(entry, signal) : entry.left.then(() => signal.throwIfAborted());
    }),
  },
];
const server = modelServer(
  entries.map((entry) => Object.assign(entry, { created: 0, size: 0, files: new Map() })),
  { onFailure: (error) => failures.push(error.message), timeout: 1000 },
);
await new Promise((resolve) => {
  server.listen(0, '127.0.0.1', resolve);
});
const baseURL = `http://127.0.0.1:${server.address().port}/v1`;
const client = new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0 });

const checks = {
  async reportsAModelThatIsLoading() {
    await assert.rejects(client.chat.completions.create({ model: 'waiting', messages }), {
      status: 503,
      code: 'model_loading',
    });
    assert.equal((await fetch(`${baseURL}/models`)).status, 200);
  },
  async reportsInternalErrors() {
    for (const stream of [false, true]) {
      await assert.rejects(client.chat.completions.create({ model: 'broken', messages, stream }), {
        status: 500,
        type: 'server_error',
      });
    }
    assert.deepEqual(failures, ['a mistake', 'a mistake']);
  },
  async reportsErrorsInAStream() {
    const texts = [];
    await assert.rejects(async () => {
      for await (const each of await client.chat.completions.create({ model: 'breaking', messages, stream: true }))
        texts.push(each.choices[0].delta.content);
    }, /it broke/);
    assert.deepEqual(texts, ['a']);
    assert.deepEqual(failures.splice(0), ['a mistake', 'a mistake', 'it broke']);
  },
  async waitsForASlowReader() {
    const controller = new AbortController();
    const answer = await fetch(`${baseURL}/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'long', messages, stream: true }),
      signal: controller.signal,
    });
    const reader = answer.body.getReader();
    await reader.read();
    for (let sent = -1; sent !== entries[3].sent && sent < 1000; await sleep(500)) ({ sent } = entries[3]);
    assert.ok(entries[3].sent < 1000, `${entries[3].sent} chunks were sent to a client that reads none`);
    controller.abort();
    await entries[3].left;
  },
  async answersRequestsThatDoNotArrive() {
    const head = 'POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n';
    const cases = [
      [`${head}Content-Length: 100\r\n\r\n{"messages"`, 408, /took too long/],
      [head, 408, /took too long/],
      ['GET / HTTP/1.1\r\nbad header\r\n\r\n', 400, /not valid HTTP/],
      ['GET /v1/models HTTP/1.1\r\n\r\n', 400, null],
      [`${head}Long: ${'a'.repeat(100_000)}\r\n\r\n`, 431, /too large/],
    ];
    for (const [text, status, message] of cases) {
      const socket = connect(server.address().port, '127.0.0.1');
      socket.write(text);
      let answer = '';
      for await (const bytes of socket) answer += bytes;
      assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
      if (message) assert.match(JSON.parse(answer.split('\r\n\r\n')[1]).error.message, message);
    }
    assert.deepEqual(failures, []);
  },
  async abortsTheRequestOfAClosedConnection() {
    for (const stream of [true, false]) {
      const controller = new AbortController();
      const begun = new Promise((resolve) => {
        entries[3].onBegin = resolve;
      });
      const answer = fetch(`${baseURL}/chat/completions`, {
        method: 'POST',
        body: JSON.stringify({ model: 'long', messages, stream }),
        signal: controller.signal,
      });
      await begun;
      controller.abort();
      await assert.rejects(
        answer.then((each) => each.text()),
        { name: 'AbortError' },
      );
      await entries[3].left;
    }
    assert.deepEqual(failures, []);
  },
};

for (const [name, check] of Object.entries(checks)) {
  const error = await Promise.race([
    check(),
    sleep(60_000).then(() => {
      throw new Error('timed out after a minute');
    }),
  ]).then(
    () => null,
    (failure) => String(failure.stack ?? failure),
  );
  console.log(JSON.stringify({ name, error }));
}
process.exit();
