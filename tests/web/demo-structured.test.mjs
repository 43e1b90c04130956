/* The examples of structured output in the demo, with a real model: node demo-structured.test.mjs chromium|firefox
 * <SmolLM2.gguf> [check...]. Prints a line of JSON for each check: its name and its error, or null. */
import assert from 'node:assert/strict';
import { loading, runChecks, storedChats, visit } from './demo-page.mjs';

const SETTINGS = { temperature: 0, max_tokens: 12 };
/* A template that reads tools, marks calls and begins each answer with reasoning. */
const THINKS = `{%- if tools %}{{ '<|im_start|>system\\n' }}{% for tool in tools %}{{ tool | tojson + '\\n' }}{% endfor %}
{{- 'Call a tool with <tool_call>{"name": ...}</tool_call>.<|im_end|>\\n' }}{% endif %}
{%- for m in messages %}{{- '<|im_start|>' + m.role + '\\n' }}
{%- if m.reasoning_content %}{{ '<think>\\n' + m.reasoning_content + '\\n</think>\\n\\n' }}{% endif %}{{ m.content or '' }}
{%- for call in m.tool_calls or [] %}{{- '<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' }}
{{- call.function.arguments | tojson }}{{- '}\\n</tool_call>' }}{% endfor %}{{- '<|im_end|>\\n' }}{% endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n<think>\\n' }}{% endif %}`;

/* Opens an example with the model loaded. */
async function opened(env, name, more = {}) {
  const my = await visit(env, { settings: SETTINGS, query: `${loading(env)}#${name}`, ...more });
  await my.tab(async () => {
    await ui.ready();
    const page = () => document.querySelector('.page-of-example');
    Object.assign(ui, {
      begun: () => ui.until(() => page().getAttribute('aria-busy') === 'true', 'the example runs'),
      ended: () => ui.until(() => page().getAttribute('aria-busy') === 'false', 'the example ends', 4),
      async run() {
        await ui.click('.page-of-example .run');
        await ui.ended();
      },
      status: () => ui.text('.start-line .hint'),
    });
  });
  return my;
}

const checks = {
  async 'an answer fills in a form and a table while it streams'(env) {
    const my = await opened(env, 'invoice');
    const seen = await my.tab(async () => {
      const states = [];
      const look = () => {
        const fields = [...document.querySelectorAll('.card > .json > .fields > div > dt')];
        const state = [fields.map((dt) => dt.textContent), document.querySelectorAll('.card tbody tr').length];
        if (JSON.stringify(state) !== JSON.stringify(states.at(-1))) states.push(state);
      };
      const observer = new MutationObserver(look);
      observer.observe(document.body, { childList: true, subtree: true, characterData: true });
      await ui.run();
      look();
      observer.disconnect();
      const cells = [...document.querySelectorAll('.card tbody tr')].map((tr) =>
        [...tr.children].map((td) => td.textContent),
      );
      const values = [...document.querySelectorAll('.card > .json > .fields > div:not(.wide) > dd')];
      const shown = {
        values: values.map((dd) => dd.textContent),
        cells,
        cursors: document.querySelectorAll('.card .live').length,
      };
      await ui.click('.card .actions button', 'JSON');
      return {
        states,
        ...shown,
        raw: ui.text('.card > pre'),
        formHidden: !ui.seen('.card > .json'),
        note: ui.text('.card footer'),
      };
    });
    const answer = JSON.parse(seen.raw);
    assert.deepEqual(Object.keys(answer), ['vendor', 'invoice_number', 'date', 'currency', 'lines', 'total']);
    const titles = ['Vendor', 'Invoice number', 'Date', 'Currency', 'Lines', 'Total'];
    assert.deepEqual(seen.states.at(-1), [titles, answer.lines.length]);
    assert.ok(seen.states.length >= 4, `it grows in steps: ${JSON.stringify(seen.states)}`);
    for (const [fields] of seen.states) assert.deepEqual(fields, titles.slice(0, fields.length));
    const number = (text) => Number(text);
    assert.deepEqual(seen.values.slice(0, 4), [answer.vendor, answer.invoice_number, answer.date, answer.currency]);
    assert.equal(number(seen.values[4]), answer.total);
    assert.deepEqual(
      seen.cells.map(([item, quantity, price]) => ({ item, quantity: number(quantity), price: number(price) })),
      answer.lines,
    );
    assert.equal(seen.cursors, 0);
    assert.ok(seen.formHidden);
    assert.match(seen.note, /^\d+ tokens · [\d.]+ s$/);
  },

  async 'every beginning of a JSON text is drawn'(env) {
    const my = await visit(env, { settings: SETTINGS });
    const wrong = await my.tab(async () => {
      const { jsonView } = await import('./structured/json-view.js');
      const { readPartial } = await import('./structured/partial-json.js');
      const value = {
        text: 'Zoë said "hi" \\ 😀\n',
        list: [{ a: 1, b: true }, { a: -2.5e3, b: null, c: 'x' }, {}],
        deep: { words: ['one', ''], nothing: [], none: {}, '': 0 },
        end: 12,
      };
      /* Compact with escapes, and with white space. */
      const escaped = JSON.stringify(value).replace(
        /[^ -~]/g,
        (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
      const plain = (node) => {
        if (node?.type === 'object') return Object.fromEntries(node.entries.map(([name, each]) => [name, plain(each)]));
        if (node?.type === 'array') return node.items.map(plain);
        return node?.type === 'number' ? Number(node.value) : node?.value;
      };
      /* Whether a partial value may become the whole one. */
      const begins = (node, whole) => {
        if (!node) return true;
        if (node.done) return JSON.stringify(plain(node)) === JSON.stringify(whole);
        if (node.type === 'object')
          return node.entries.every(([name, each]) => name in whole && begins(each, whole[name]));
        if (node.type === 'array') return node.items.every((each, index) => begins(each, whole[index]));
        if (node.type === 'number')
          return String(whole).startsWith(node.value) || JSON.stringify(value).includes(node.value);
        return whole.startsWith(node.value);
      };
      const found = [];
      for (const text of [
        JSON.stringify(value),
        escaped,
        JSON.stringify(value, null, 2),
        '"a\\u00e9b"',
        '[1,2]',
        'true',
        '-0.5',
      ])
        for (let length = 0; length <= text.length; length++) {
          const part = text.slice(0, length);
          try {
            const node = readPartial(part);
            if (!begins(node, JSON.parse(text))) found.push(part);
            if (jsonView(part, { complete: false }).textContent.includes('undefined')) found.push(`undefined: ${part}`);
          } catch (error) {
            found.push(`${part}: ${error.message}`);
          }
          if (
            length === text.length &&
            JSON.stringify(plain(readPartial(part, true))) !== JSON.stringify(JSON.parse(text))
          )
            found.push(`whole: ${part}`);
        }
      return found;
    });
    assert.deepEqual(wrong, []);
  },

  async 'what is wrong with a schema is said at its editor'(env) {
    const my = await opened(env, 'invoice');
    const said = await my.tab(async () => {
      const schema = document.getElementById('schema');
      const state = () => ({
        text: ui.text('#schema-wrong'),
        seen: ui.seen('#schema-wrong'),
        invalid: schema.getAttribute('aria-invalid'),
        selected: schema.value.slice(schema.selectionStart, schema.selectionEnd),
        problem: ui.seen('.runner .problem'),
      });
      const found = [];
      ui.type('#schema', '{\n  "type": "object",\n}');
      found.push(state());
      await ui.run();
      found.push(state());
      const wrong = { type: 'object', properties: { total: { type: 'number', minimum: 'none' } } };
      ui.type('#schema', JSON.stringify(wrong, null, 2));
      await ui.run();
      found.push(state());
      ui.type('#schema', '{"enum":[1],"minimum":2}');
      await ui.run();
      found.push(state());
      ui.type('#schema', '{"enum":["paid"]}');
      await ui.run();
      found.push({ ...state(), answer: ui.text('.card > .json') });
      return found;
    });
    const [syntax, run, keyword, empty, right] = said;
    assert.match(syntax.text, /^This is not JSON \(line 3, column 1\)\.$/);
    assert.deepEqual([syntax.seen, syntax.invalid, run.text], [true, 'true', syntax.text]);
    assert.match(keyword.text, /^#\/properties\/total\/minimum – keyword minimum: .+\.$/);
    assert.deepEqual([keyword.seen, keyword.invalid, keyword.selected], [true, 'true', '"minimum"']);
    assert.ok(!keyword.problem);
    assert.match(empty.text, /no text conforms/);
    assert.deepEqual([right.seen, right.invalid, right.answer], [false, 'false', 'paid']);
  },

  async 'a run can be stopped, and a text that is too long is explained'(env) {
    const my = await opened(env, 'invoice', { settings: { ...SETTINGS, contextSize: 512 } });
    const said = await my.tab(async () => {
      await ui.click('.page-of-example .run');
      await ui.until(() => document.querySelectorAll('.card > .json > .fields > div').length > 1, 'fields appear');
      await ui.click('.page-of-example .run', 'Stop');
      await ui.ended();
      const stopped = { status: ui.status(), note: ui.text('.card footer'), problem: ui.seen('.runner .problem') };
      ui.type('#document', 'A long invoice. '.repeat(400));
      await ui.run();
      return { stopped, long: ui.text('.runner .problem'), status: ui.status() };
    });
    assert.deepEqual(said.stopped, { status: 'Stopped', note: 'stopped', problem: false });
    assert.match(
      said.long,
      /^The text does not fit in the model’s context: the prompt has \d+ tokens, the context holds 512\. Shorten/,
    );
    assert.equal(said.status, '');
  },

  async 'calls of tools are cards, and the calendar follows them'(env) {
    const my = await opened(env, 'calendar');
    const seen = await my.tab(async () => {
      await ui.run();
      const refused = ui.text('.note[role="alert"]');
      const stages = [];
      const look = () => {
        const card = [...document.querySelectorAll('.call')].at(-1);
        const state = card && [card.dataset.stage, card.querySelector('.fields')?.textContent ?? ''];
        if (state && JSON.stringify(state) !== JSON.stringify(stages.at(-1))) stages.push(state);
      };
      new MutationObserver(look).observe(document.body, {
        childList: true,
        subtree: true,
        characterData: true,
        attributes: true,
      });
      await ui.click('.note button', 'Use a template with tools');
      await ui.begun();
      await ui.ended();
      const days = () => [...document.querySelectorAll('.week > li')].map((each) => each.textContent);
      const cards = () =>
        [...document.querySelectorAll('.call')].map((card) => ({
          name: card.querySelector('h3').textContent,
          stage: card.dataset.stage,
          state: card.querySelector('.state').textContent,
          raw: card.querySelector('pre').textContent,
          fields: [...card.querySelectorAll(':scope > .json dd')].map((dd) => dd.textContent),
        }));
      const first = { days: days(), cards: cards() };
      await ui.click('#example .samples button', 'Book a dentist');
      await ui.ended();
      return {
        refused,
        stages,
        first,
        again: { days: days(), cards: cards() },
        asked: document.querySelectorAll('#example .user').length,
      };
    });
    assert.match(seen.refused, /its chat template does not read them\. Choose another/);
    const [card] = seen.first.cards;
    const [given, result] = card.raw.split('\n→ ').map((text) => JSON.parse(text));
    assert.equal(card.name, 'create_event');
    assert.deepEqual([card.stage, card.state], ['done', 'Done']);
    assert.deepEqual(card.fields, [given.day, given.start, given.title]);
    assert.deepEqual(result, { created: given.title });
    assert.ok(
      seen.stages.filter(([stage]) => stage === 'writing').length >= 3,
      `the arguments fill in: ${JSON.stringify(seen.stages)}`,
    );
    assert.ok(
      seen.first.days.some((text) => text.includes(given.day) && text.includes(`${given.start} ${given.title}`)),
    );
    const second = seen.again.cards[seen.first.cards.length];
    const [same, refusal] = second.raw.split('\n→ ').map((text) => JSON.parse(text));
    if (same.day === given.day && same.start === given.start) {
      assert.equal(second.state, 'Failed');
      assert.match(refusal.error, /is taken by/);
    }
    assert.equal(seen.asked, 2);
  },

  async 'reasoning is folded when the answer begins, and has its length'(env) {
    const my = await opened(env, 'calendar');
    const seen = await my.tab(
      async ([url, template]) => {
        const { load } = await import('./models.js');
        await load(url, { template });
        const states = [];
        const look = () => {
          const block = document.querySelector('.thought');
          if (block?.textContent) states.push([block.open, block.querySelector('summary').textContent]);
        };
        new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true });
        const { answerView } = await import('./structured/transcript.js');
        const { currentModel } = await import('./models.js');
        const tools = { now: { run: () => '12:00' } };
        const view = answerView(tools);
        document.querySelector('#example .messages').append(view.element);
        /* The thought ends after 24 tokens. */
        const request = { temperature: 0, max_tokens: 60, thinking_budget: 24, maxRounds: 1 };
        const messages = [{ role: 'user', content: 'Explain how rain forms in detail.' }];
        for await (const event of currentModel().chat.run({ ...request, messages, tools })) view.add(event);
        view.end();
        const block = document.querySelector('.thought');
        const folded = !block.open;
        block.querySelector('summary').click();
        return {
          states,
          folded,
          opened: block.open,
          text: block.querySelector('p').textContent,
          title: block.querySelector('summary').textContent,
          rest: document.querySelectorAll('#example .assistant > :is(.call, .body)').length,
        };
      },
      [env.model.url, THINKS],
    );
    assert.deepEqual([seen.states[0][0], seen.folded, seen.opened], [true, true, true]);
    assert.match(seen.states[0][1], /^Thinking… · \d+ characters$/);
    assert.equal(seen.title, `Reasoning · ${seen.text.length.toLocaleString('en')} characters`);
    assert.ok(seen.text.length > 50);
    assert.ok(seen.rest >= 1, 'something follows the reasoning');
  },

  async 'reasoning in a chat can be unfolded with the keyboard'(env) {
    const stored = storedChats({ a: ['Why?', '<think>\nOne, two, three.\n</think>\n\nBecause.'] });
    const my = await visit(env, { settings: SETTINGS, stored });
    const closed = await my.tab(() => {
      document.querySelector('.thought summary').focus();
      return [document.querySelector('.thought').open, ui.text('.thought summary')];
    });
    assert.deepEqual(closed, [false, 'Reasoning · 16 characters']);
    await my.page.keyboard.press('Enter');
    assert.ok(await my.tab(() => document.querySelector('.thought').open));
  },

  async 'the bars are the probabilities of whole labels'(env) {
    const my = await opened(env, 'intent');
    const seen = await my.tab(async () => {
      ui.type('#labels', 'delivery\npayment\npayment by card\naccount');
      await ui.run();
      const rows = [...document.querySelectorAll('.bars li')].map((li) => [
        li.children[0].textContent,
        li.children[2].textContent,
      ]);
      const { messagesFor } = await import('./structured/intent.js');
      const { currentModel } = await import('./models.js');
      const model = currentModel();
      /* Independently: the logits of a session after the prompt and after each token of a label. */
      const labels = ['delivery', 'payment', 'payment by card', 'account'];
      const { tokens } = await model.template(messagesFor(document.getElementById('message').value, labels));
      const session = await model.session();
      await session.prefill(tokens);
      const scores = [];
      for (const label of labels) {
        const ids = await model.tokenize(JSON.stringify(label), { addSpecial: false });
        const fork = await session.fork();
        let sum = 0;
        for (const id of ids) {
          const logits = await fork.logits();
          const most = logits.reduce((a, b) => Math.max(a, b));
          sum += logits[id] - most - Math.log(logits.reduce((all, each) => all + Math.exp(each - most), 0));
          await fork.step(id);
        }
        scores.push(Math.exp(sum));
        await fork.free();
      }
      await session.free();
      return { rows, labels, scores, note: ui.text('.card footer'), answer: ui.text('.card .answer') };
    });
    const all = seen.scores.reduce((sum, each) => sum + each, 0);
    const shares = new Map(seen.rows.map(([label, text]) => [label, parseFloat(text)]));
    for (const [at, label] of seen.labels.entries()) {
      const expected = (100 * seen.scores[at]) / all;
      assert.ok(Math.abs(shares.get(label) - expected) <= 0.51, `${label}: ${shares.get(label)} is not ${expected}`);
    }
    const mass = parseFloat(/probability of ([\d.]+)%/.exec(seen.note)[1]);
    assert.ok(Math.abs(mass - 100 * all) <= 0.51, `${mass} is not ${100 * all}`);
    const percents = seen.rows.map(([, text]) => parseFloat(text));
    assert.deepEqual(
      percents,
      percents.toSorted((a, b) => b - a),
    );
    assert.ok(seen.labels.includes(seen.answer));
  },

  async 'labels that cannot be used are explained'(env) {
    const my = await opened(env, 'intent');
    const said = await my.tab(async () => {
      ui.type('#labels', 'one\n one \n');
      await ui.run();
      return [
        ui.text('#labels-wrong'),
        document.getElementById('labels').getAttribute('aria-invalid'),
        ui.seen('.card'),
      ];
    });
    assert.deepEqual(said, ['Enter 2 to 12 different labels, one on each line.', 'true', false]);
  },

  async 'examples have addresses, and work before there is a model'(env) {
    const my = await visit(env, { settings: SETTINGS });
    const seen = await my.tab(async () => {
      await ui.click('#open-examples');
      await ui.until(() => document.body.dataset.example === 'invoice');
      const first = {
        hash: location.hash,
        focus: document.activeElement.textContent,
        composer: ui.seen('#composer'),
        note: ui.seen('#example .note'),
      };
      await ui.click('.page-of-example .run');
      const chooser = ui.seen('#models #cards');
      await ui.click('#models .close');
      await ui.click('#example nav a', 'Intent');
      await ui.until(() => document.body.dataset.example === 'intent');
      const title = document.title;
      history.back();
      await ui.until(() => document.body.dataset.example === 'invoice');
      await ui.click('#example nav a', 'Back to the chat');
      await ui.until(() => !document.body.dataset.example);
      const back = { composer: ui.seen('#composer'), start: ui.seen('#start'), title: document.title };
      history.back();
      await ui.until(() => document.body.dataset.example === 'invoice');
      await ui.click('#new-chat');
      await ui.until(() => !document.body.dataset.example);
      return { first, chooser, title, back };
    });
    assert.deepEqual(seen.first, { hash: '#invoice', focus: 'Read an invoice', composer: false, note: true });
    assert.ok(seen.chooser, 'the list of models opens');
    assert.equal(seen.title, 'Intent – Quern');
    assert.deepEqual(seen.back, { composer: true, start: true, title: 'Quern chat' });
  },

  async 'nothing is wider than a small phone'(env) {
    const my = await opened(env, 'intent');
    await my.size(360, 640);
    const wide = await my.tab(async () => {
      const found = [];
      const long = 'x'.repeat(300);
      const { jsonCard } = await import('./structured/json-view.js');
      for (const name of ['intent', 'calendar', 'invoice']) {
        location.hash = name;
        await ui.until(() => document.body.dataset.example === name);
        const card = jsonCard('Long');
        card.update(JSON.stringify({ [long]: long, list: [{ [long]: long, n: 1 }], words: [long] }), {
          complete: true,
        });
        document.querySelector('.page-of-example').append(card.element);
        const frame = document.getElementById('example');
        for (const element of [
          document.documentElement,
          frame,
          card.element,
          ...card.element.querySelectorAll('.json'),
        ])
          if (element.scrollWidth > element.clientWidth) found.push(`${name}: ${element.scrollWidth}`);
      }
      return found;
    });
    assert.deepEqual(wide, []);
  },
};

await runChecks(checks);
