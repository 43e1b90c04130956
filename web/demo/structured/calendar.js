/* An example: a model that reads and changes a calendar with tools. */
import { h } from '../dom.js';
import { currentModel, reload } from '../models.js';
import { pageOf, runner } from './example.js';
import { toolTemplate } from './tool-template.js';
import { answerView } from './transcript.js';
import { makeWeek } from './week.js';

const MAX_ROUNDS = 4;
const MAX_THOUGHT = 256; // tokens
const REQUESTS = [
  'Book a dentist appointment on Wednesday at 10:00.',
  'What do I have on Tuesday?',
  'Cancel the swimming on Thursday.',
];
const SYSTEM = {
  role: 'system',
  content: 'You manage the calendar of this week with tools. After a result, answer in one short sentence.',
};
const called = (id, name, args) => ({
  role: 'assistant',
  content: '',
  tool_calls: [{ id, type: 'function', function: { name, arguments: JSON.stringify(args) } }],
});
const returned = (id, name, result) => ({ role: 'tool', tool_call_id: id, name, content: JSON.stringify(result) });
const LUNCH = { day: 'Friday', start: '12:30', title: 'Lunch with Ana' };
/* A conversation that shows small models, which were not trained to call tools, how to do it. */
const SHOWN = [
  { role: 'user', content: 'What is on Saturday?' },
  called('shown0002', 'list_events', { day: 'Saturday' }),
  returned('shown0002', 'list_events', [{ start: '20:00', title: 'Concert' }]),
  { role: 'assistant', content: 'On Saturday there is a concert at 20:00.' },
  { role: 'user', content: 'Cancel the concert on Saturday.' },
  called('shown0003', 'delete_event', { day: 'Saturday', title: 'Concert' }),
  returned('shown0003', 'delete_event', { deleted: 'Concert' }),
  { role: 'assistant', content: 'The concert on Saturday is cancelled.' },
  { role: 'user', content: 'Book lunch with Ana on Friday at 12:30.' },
  called('shown0001', 'create_event', LUNCH),
  returned('shown0001', 'create_event', { created: LUNCH.title }),
  { role: 'assistant', content: 'Lunch with Ana is booked for Friday at 12:30.' },
];
const NOTES = {
  rounds: 'Stopped after several rounds of calls.',
  length: 'Cut off at the maximum length.',
};

/* The events of a run. The first answer is a call if `required`, where the model can be made to write one. */
async function* events(model, request, required, options) {
  let { messages } = request;
  if (required) {
    try {
      for await (const event of model.chat.run({ ...request, tool_choice: 'required', maxRounds: 1 }, options)) {
        if (event.type === 'end') ({ messages } = event);
        else yield event;
      }
      if (messages.at(-1).role !== 'tool') return yield { type: 'end', messages, finish: 'length' };
    } catch (error) {
      if (error.param !== 'tool_choice') throw error;
    }
  }
  yield* model.chat.run({ ...request, messages, maxRounds: MAX_ROUNDS }, options);
}

/* What is shown where the model's template does not read tools. */
function noToolsNotice(onReady) {
  const change = h('button', { type: 'button', class: 'quiet' }, 'Use a template with tools');
  const text = h('span');
  const element = h('p', { class: 'row note', role: 'alert', hidden: true }, text, change);
  return {
    element,
    async show(model) {
      const template = await toolTemplate(model);
      const begin = 'This model was not trained to call tools: its chat template does not read them. ';
      text.textContent = template
        ? `${begin}Choose another, such as Qwen3 0.6B, or reload this one with a template that describes the tools.`
        : `${begin}Choose another, such as Qwen3 0.6B.`;
      change.hidden = !template;
      change.onclick = async () => {
        element.hidden = true;
        await reload({ template });
        if (currentModel()) onReady();
      };
      element.hidden = false;
    },
  };
}

/* The conversation so far, and how to add to it. */
function conversation(tools) {
  const list = h('ol', { class: 'messages', 'aria-label': 'Conversation about the calendar' });
  let past = [];
  return {
    list,
    clear() {
      past = [];
      list.replaceChildren();
    },
    async ask(model, content, { shown, required, signal, say }) {
      const user = { role: 'user', content };
      const before = [SYSTEM, ...(shown ? SHOWN : []), ...past];
      const body = h('div', { class: 'body', dir: 'auto' }, content);
      const question = h('li', { class: 'message user' }, h('h3', { class: 'hidden' }, 'You'), body);
      const view = answerView(tools);
      list.append(question, view.element);
      const request = {
        messages: [...before, user],
        tools,
        temperature: 0,
        max_tokens: 512,
        parallel_tool_calls: false,
        thinking_budget: MAX_THOUGHT,
        stop_loops: true,
      };
      let note = 'Stopped.';
      try {
        for await (const event of events(model, request, required, { signal })) {
          say(event.type === 'reasoning' ? 'Thinking…' : 'Answering…');
          view.add(event);
          view.element.scrollIntoView({ block: 'nearest' });
          if (event.type !== 'end') continue;
          past = event.messages.slice(before.length);
          note = NOTES[event.finish];
        }
      } catch (error) {
        if (!signal.aborted) note = '';
        if (view.isEmpty()) for (const each of [question, view.element]) each.remove();
        throw error;
      } finally {
        view.end(note);
      }
    },
  };
}

export function create() {
  const week = makeWeek();
  const talk = conversation(week.tools);
  const input = h('input', { id: 'calendar-request', autocomplete: 'off', dir: 'auto', value: REQUESTS[0] });
  const force = h('input', { type: 'checkbox', id: 'calendar-force' });
  const templated = new WeakSet(); // models that have got the template
  const notice = noToolsNotice(() => {
    templated.add(currentModel());
    force.checked = true;
    submit();
  });

  async function work(model, signal, say) {
    notice.element.hidden = true;
    const content = input.value.trim();
    if (!content) {
      input.focus();
      return say('Write what to do.');
    }
    const shown = templated.has(model);
    await talk.ask(model, content, { shown, required: force.checked, signal, say });
    input.value = '';
    say('Done');
  }
  function failed(error) {
    if (!/chat template/.test(error.message)) return false;
    notice.show(currentModel());
    return true;
  }
  const { element, submit } = runner('Send', { work, failed });

  const sample = (text) => {
    const use = () => {
      input.value = text;
      submit();
    };
    return h('li', {}, h('button', { type: 'button', onclick: use }, text));
  };
  const reset = () => {
    week.reset();
    talk.clear();
    input.value = REQUESTS[0];
  };
  element
    .querySelector('.start-line')
    .append(h('button', { type: 'button', class: 'quiet', onclick: reset }, 'Reset the calendar'));
  const field = h(
    'div',
    { class: 'setting' },
    h('label', { class: 'name', for: 'calendar-request' }, 'What should happen?'),
    input,
    h('label', { class: 'check' }, force, ' The first answer must be a call'),
  );
  return {
    element: pageOf(
      'Plan in a calendar',
      [
        'The model calls ',
        ...Object.keys(week.tools).flatMap((name, at) => [at ? ', ' : '', h('code', {}, name)]),
        '. These tools run in this page, and their results go back to the model. Nothing is sent or stored.',
      ],
      week.element,
      talk.list,
      notice.element,
      h('form', { onsubmit: submit }, field, element),
      h('ul', { class: 'samples', 'aria-label': 'Sample requests' }, ...REQUESTS.map(sample)),
    ),
  };
}
