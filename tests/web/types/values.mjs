/* Compares index.d.ts and engine.d.ts with the package: node values.mjs <model.gguf> <out.ts>. Writes the package's
 * answers as a program, which the compiler rejects if a field is missing or not declared. Prints a line of JSON: the
 * names that only the types or only the package has. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import * as engine from '../../../web/engine.js';
import * as quern from '../../../web/index.js';

const ts = createRequire(import.meta.url)('typescript');
const [file, out] = process.argv.slice(2);

function statementsOf(name) {
  const text = readFileSync(new URL(`../../../web/${name}`, import.meta.url), 'utf8');
  return ts.createSourceFile(name, text, ts.ScriptTarget.Latest).statements;
}

const index = statementsOf('index.d.ts');
const low = statementsOf('engine.d.ts');
const declared = index.filter(ts.isFunctionDeclaration).map(({ name }) => name.text);
const variablesOf = (statements) =>
  statements
    .filter(ts.isVariableStatement)
    .flatMap(({ declarationList }) => declarationList.declarations.map(({ name }) => name.text));
const membersOf = (statements, name) =>
  statements
    .find((each) => (ts.isInterfaceDeclaration(each) || ts.isClassDeclaration(each)) && each.name.text === name)
    .members.filter((each) => !ts.isConstructorDeclaration(each))
    .map((each) => each.name.text);

/* Own properties and methods. */
const namesOf = (object) =>
  [...Object.keys(object), ...Object.getOwnPropertyNames(Object.getPrototypeOf(object))].filter(
    (name) => name !== 'constructor',
  );
const different = (types, names) =>
  [...new Set([...types, ...names])].filter((name) => types.includes(name) !== names.includes(name));

const model = await quern.loadModel(file, { threads: 1, contextSize: 256 });
const session = await model.session();
const names = {
  exports: different(declared, Object.keys(quern)),
  'CommonJS exports': different(variablesOf(statementsOf('index.d.cts')), Object.keys(quern)),
  Model: different(membersOf(index, 'Model'), namesOf(model)),
  Session: different(membersOf(index, 'Session'), namesOf(session)),
  ...engineNames(),
};

/* Members of the engine's classes. Only `binding`, which the classes share, is not declared. */
function engineNames() {
  const classes = { ...engine };
  const values = low.flatMap((each) => {
    if (ts.isClassDeclaration(each)) return [each.name.text];
    return variablesOf([each]);
  });
  const names = {
    'engine exports': different(values, Object.keys(engine)),
    'CommonJS engine exports': different(variablesOf(statementsOf('engine.d.cts')), Object.keys(engine)),
  };
  for (const { name } of low.filter(ts.isClassDeclaration)) {
    const own = Object.getOwnPropertyNames(classes[name.text].prototype);
    const members = membersOf(low, name.text);
    names[`engine ${name.text}`] = own.filter((each) => each !== 'constructor' && !members.includes(each));
  }
  return names;
}

const values = [];
const say = (type, value) => values.push(`export const value${values.length}: ${type} = ${JSON.stringify(value)};`);
const messages = [{ role: 'user', content: 'Hi' }];
const some = { max_tokens: 3, n: 2, stream_options: { include_usage: true } };
const failure = async (type, call) => {
  const error = await call.then(
    () => {
      throw new Error(`no ${type}`);
    },
    (reason) => reason,
  );
  for (const [guard, is] of Object.entries({ ...quern }).filter(([each]) => each.startsWith('is')))
    if (is(error) !== (guard === `is${type}`)) throw new Error(`${guard} is wrong about ${error}`);
  say(`Pick<${type}, Exclude<keyof ${type}, 'stack' | 'cause'>>`, { message: error.message, ...error });
};
say('ModelInfo', model.info);
say('ChatCompletion', await model.chat.completions.create({ messages, ...some, logprobs: true, top_logprobs: 2 }));
for await (const chunk of await model.chat.completions.create({ messages, ...some, stream: true, logprobs: true }))
  say('ChatCompletionChunk', chunk);
say('Completion', await model.completions.create({ prompt: 'a', ...some, logprobs: 2 }));
for await (const piece of await model.completions.create({ prompt: 'a', ...some, stream: true, logprobs: 2 }))
  say('Completion', piece);
say('EmbeddingList', await model.embeddings.create({ input: ['a', 'b'], pooling: 'mean' }));
say("Awaited<ReturnType<Model['template']>>", await model.template(messages));
say("Awaited<ReturnType<Model['tokenize']>>", await model.tokenize('a b'));
say("Awaited<ReturnType<Model['detokenize']>>", await model.detokenize([5]));
say("Awaited<ReturnType<Model['isEnd']>>", await model.isEnd(5));
say("Awaited<ReturnType<Session['logits']>>", await session.logits());
say("Awaited<ReturnType<Session['position']>>", await session.prefill([1, 2]));
say("Awaited<ReturnType<Session['sample']>>", await session.sample());
say('Awaited<ReturnType<typeof storageInfo>>', await quern.storageInfo());
await failure('RequestError', model.chat.completions.create({ messages: [] }));
await failure(
  'QuernError',
  quern.loadModel(new Blob(['no model at all, but long enough for a header']), { threads: 1 }),
);
await failure('SessionError', session.keep('a'));
const server = createServer((_, response) => response.writeHead(404).end()).listen(0);
await failure('SourceError', quern.loadModel(`http://localhost:${server.address().port}/a.gguf`, { threads: 1 }));
server.close();
const types = [
  'ChatCompletion',
  'ChatCompletionChunk',
  'Completion',
  'EmbeddingList',
  'Model',
  'ModelInfo',
  'QuernError',
  'RequestError',
  'Session',
  'SessionError',
  'SourceError',
];
writeFileSync(
  out,
  [`import type { ${types.join(', ')} } from 'quern';`, "import { storageInfo } from 'quern';", ...values, ''].join(
    '\n',
  ),
);
await model.free();
console.log(JSON.stringify(names));
