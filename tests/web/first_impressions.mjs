/* What a first visitor of the demo sees: asks simple questions and open prompts in Chromium, with the default settings and
 * each in a fresh chat, and writes a transcript to build/:
 * node tests/web/first_impressions.mjs [--questions|--prompts] <model.gguf>...
 * Fails if one of ten simple questions is answered well in fewer than nine of ten chats, or if an answer to one of twenty
 * open prompts repeats itself. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from './browsers.mjs';
import { loopOf } from './loops.mjs';
import { serve } from './server.js';

const BUILD = fileURLToPath(new URL('../../build/', import.meta.url));
/* Answers do not depend on the number of threads, and one thread is the fastest on a busy machine. */
const SETTINGS = JSON.stringify({ threads: 1 });
const CHATS = 10;
const ENOUGH = 9;
const QUESTIONS = [
  ['What is the capital of France?', /\bParis\b/],
  ['What is 2+2?', /\b(4|four)\b/i],
  ['What color is the sky on a clear day?', /\bblue\b/i],
  ['How many days are in a week?', /\b(7|seven)\b/i],
  ['What is the opposite of hot?', /\b(cold|cool)\b/i],
  ['Who wrote Romeo and Juliet?', /\bShakespeare\b/],
  ['What is the largest ocean on Earth?', /\bPacific\b/],
  ['What is the chemical symbol for water?', /\bH2O\b|H₂O/],
  ['What is the capital of Japan?', /\bTokyo\b/],
  ['Who painted the Mona Lisa?', /\b(Leonardo|da Vinci)\b/i],
];
const PROMPTS = [
  'Write a poem about the sea.',
  'Tell me a short story about a lighthouse.',
  'List ten animals.',
  'Write a haiku about autumn.',
  'Give me three tips for sleeping better.',
  'Describe a busy market.',
  'Write a letter to a friend.',
  'Explain how rain forms.',
  'List the steps to make tea.',
  'Tell me a joke.',
  'Write a song about summer.',
  'What should I cook for dinner?',
  'Tell me about dogs.',
  'Write a story about a brave mouse.',
  'List five countries and something about each.',
  'Explain what a computer does.',
  'Write a birthday greeting.',
  'Describe your perfect day.',
  'Why is reading good for you?',
  'Write a fairy tale.',
];

/* Asks in a fresh chat. Returns the text of the answer and the figures below it. */
async function ask(page, question) {
  await page.click('#new-chat');
  await page.fill('#prompt', question);
  await page.press('#prompt', 'Enter');
  await page.waitForSelector('#stop:not([hidden])');
  await page.waitForSelector('#send:not([hidden])');
  const answer = page.locator('.message.assistant').last();
  return { text: await answer.locator('.body').innerText(), figures: await answer.locator('.figures').innerText() };
}

async function open(browser, server, file) {
  const page = await browser.page(`${server.url}/tests/web/blank.html`);
  page.setDefaultTimeout(600_000);
  await page.evaluate((stored) => localStorage.setItem('quern.settings', stored), SETTINGS);
  await page.goto(`${server.url}/web/demo/index.html?model=${encodeURIComponent(server.add(file).url)}`);
  await page.waitForSelector('body[data-model="ready"]');
  const settings = await page.$$eval('#settings-form [name]', (controls) =>
    controls.map(({ name, value, placeholder }) => `${name} ${value || placeholder || '(none)'}`).join(', '),
  );
  return { page, settings };
}

const quoted = (text) => text.replace(/^/gm, '> ');

async function askQuestions(page, write) {
  let failed = 0;
  for (const [question, expected] of QUESTIONS) {
    const answers = [];
    for (let chat = 0; chat < CHATS; chat++) answers.push((await ask(page, question)).text);
    const good = answers.filter((text) => expected.test(text)).length;
    if (good < ENOUGH) failed++;
    write(`### ${question}\n\n${good} of ${CHATS} answers match ${expected}.\n\n${answers.map(quoted).join('\n\n')}\n`);
    console.log(`${good}/${CHATS} ${question}`);
  }
  return failed;
}

async function askPrompts(page, write) {
  let failed = 0;
  for (const prompt of PROMPTS) {
    const { text, figures } = await ask(page, prompt);
    const loop = loopOf(text);
    if (loop) failed++;
    const verdict = loop ? `loops: ${loop}` : 'does not loop';
    write(`### ${prompt}\n\n${quoted(text)}\n\n${figures}; ${verdict}.\n`);
    console.log(`${loop ? 'loop' : 'ok'} ${prompt} (${figures})${loop && `: ${loop.slice(0, 80)}`}`);
  }
  return failed;
}

const files = process.argv.slice(2).filter((each) => !each.startsWith('--'));
const wants = (part) => files.length === process.argv.length - 2 || process.argv.includes(part);
const server = await serve();
mkdirSync(BUILD, { recursive: true });
let failed = 0;
for (const file of files) {
  const lines = [];
  const out = `${BUILD}first-impressions-${basename(file, '.gguf')}.md`;
  const write = (text) => {
    lines.push(text);
    writeFileSync(out, lines.join('\n'));
  };
  const browser = await start('chromium');
  const { page, settings } = await open(browser, server, file);
  write(`## ${basename(file)}\n\nSettings: ${settings}.\n`);
  if (wants('--questions')) failed += await askQuestions(page, write);
  if (wants('--prompts')) failed += await askPrompts(page, write);
  await browser.close();
  console.log(out);
}
server.close();
process.exitCode = failed > 0 ? 1 : 0;
