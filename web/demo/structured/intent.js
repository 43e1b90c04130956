/* An example: the intent of a message as one label of an `enum`, with the probability of each label. */
import { h } from '../dom.js';
import { area, pageOf, runner } from './example.js';
import { morph } from './morph.js';

/* A few messages with their labels help small models. Those whose label has been removed are left out. */
const SHOTS = [
  ['The box has not arrived yet.', 'delivery'],
  ['Your invoice is wrong.', 'payment'],
  ['I forgot my login.', 'account'],
  ['Does this lamp come in green?', 'product'],
  ['Can you send it to my office instead?', 'delivery'],
  ['I want my money back, you charged me too much.', 'payment'],
  ['Please change my e-mail address.', 'account'],
  ['The handle broke after a week.', 'product'],
];
const LABELS = ['delivery', 'payment', 'account', 'product'];
const MESSAGE = 'Where is my parcel? It should have come on Monday.';
const MAX_LABELS = 12;

const labelsOf = (text) => [
  ...new Set(
    text
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean),
  ),
];

/* The prompt: which labels there are, worked messages, and the message. */
export function messagesFor(message, labels) {
  const shots = SHOTS.filter(([, label]) => labels.includes(label));
  const pairs = shots.flatMap(([content, label]) => [
    { role: 'user', content },
    { role: 'assistant', content: JSON.stringify(label) },
  ]);
  const [first, ...rest] = [...pairs, { role: 'user', content: message }];
  return [{ ...first, content: `Sort each message: ${labels.join(', ')}.\n\n${first.content}` }, ...rest];
}

const requestFor = (messages, labels) => ({
  messages,
  temperature: 0,
  max_tokens: 64,
  logprobs: true,
  response_format: { type: 'json_schema', json_schema: { name: 'intent', schema: { enum: labels } } },
});

/* The log probability that the answer is this label, up to its closing quotation mark: the sum over its tokens. With only
 * one label in the enum, the model must write it, and `logprobs` are those before the constraint. */
async function score(model, messages, label, signal) {
  const { choices } = await model.chat.completions.create(requestFor(messages, [label]), { signal });
  if (choices[0].finish_reason === 'length') throw new Error(`The label “${label}” is too long.`);
  return choices[0].logprobs.content.reduce((sum, { logprob }) => sum + logprob, 0);
}

/* Probabilities from log probabilities: of each label among the labels, and of all of them among all answers. */
function normalized(logprobs) {
  const most = Math.max(...logprobs);
  const weights = logprobs.map((logprob) => Math.exp(logprob - most));
  const sum = weights.reduce((all, each) => all + each, 0);
  return { shares: weights.map((each) => each / sum), mass: sum * Math.exp(most) };
}

const percent = (share) => `${(100 * share).toFixed(share > 0.0995 && share < 0.9995 ? 0 : 1)}%`;

/* A line for each label, the most probable first. Labels without a share are still to be scored. */
function bars(labels, shares, answer) {
  const rows = labels.map((label, index) => ({ label, share: shares[index] }));
  if (shares.length === labels.length) rows.sort((a, b) => b.share - a.share);
  const row = ({ label, share }) => {
    const fill = h('span', { class: 'bar-fill' });
    fill.style.width = `${100 * (share ?? 0)}%`;
    return h(
      'li',
      { class: label === answer ? 'chosen' : undefined },
      h('span', { class: 'label', dir: 'auto' }, label),
      h('span', { class: 'bar-track', 'aria-hidden': 'true' }, fill),
      h('span', { class: 'number' }, share === undefined ? '…' : percent(share)),
    );
  };
  return h('ul', { class: 'bars' }, ...rows.map(row));
}

function resultCard() {
  const answer = h('strong', { class: 'answer', dir: 'auto' });
  const list = h('ul', { class: 'bars' });
  const about = h('p', { class: 'hint' });
  const element = h(
    'article',
    { class: 'card', 'aria-label': 'Answer', hidden: true },
    h('header', { class: 'row' }, h('h3', {}, 'Answer'), answer),
    list,
    h('footer', {}, about),
  );
  return {
    element,
    update({ labels, shares = [], chosen, note = '' }) {
      element.hidden = false;
      answer.textContent = chosen;
      morph(list, bars(labels, shares, chosen));
      about.textContent = note;
    },
  };
}

/* What the bars are. chosen: the answer that was written token by token. */
function noteFor(labels, shares, mass, chosen) {
  const best = labels[shares.indexOf(Math.max(...shares))];
  const differs =
    best === chosen
      ? ''
      : ` Token by token, the model wrote “${chosen}”, although “${best}” is more probable as a whole.`;
  return `Each bar is the probability of the complete label under the constraint: the product of the probabilities of its tokens, divided by the sum over all labels. Without the constraint, the model would write one of these labels with a probability of ${percent(mass)}.${differs}`;
}

export function create() {
  const message = area('message', 'Message', MESSAGE, { rows: 3 });
  const labels = area('labels', 'Labels, one on each line', LABELS.join('\n'), { rows: 5 });
  const wrong = h('p', { class: 'wrong', id: 'labels-wrong', role: 'alert', hidden: true });
  labels.input.setAttribute('aria-describedby', 'labels-wrong');
  labels.element.append(wrong);
  const card = resultCard();

  /* The labels; undefined, with an explanation, if there are too few or too many. */
  function readLabels() {
    const list = labelsOf(labels.input.value);
    const problem =
      list.length < 2 || list.length > MAX_LABELS ? `Enter 2 to ${MAX_LABELS} different labels, one on each line.` : '';
    wrong.textContent = problem;
    wrong.hidden = !problem;
    labels.input.setAttribute('aria-invalid', String(problem !== ''));
    return problem ? undefined : list;
  }

  async function work(model, signal, say) {
    const list = readLabels();
    if (!list) return say('');
    const messages = messagesFor(message.input.value, list);
    const { choices } = await model.chat.completions.create(requestFor(messages, list), { signal });
    if (choices[0].finish_reason === 'length') throw new Error('The answer is too long: shorten the labels.');
    const chosen = JSON.parse(choices[0].message.content);
    card.update({ labels: list, chosen });
    const logprobs = [];
    for (const label of list) {
      say(`Scoring ${logprobs.length + 1} of ${list.length} labels…`);
      logprobs.push(await score(model, messages, label, signal));
    }
    const { shares, mass } = normalized(logprobs);
    card.update({ labels: list, shares, chosen, note: noteFor(list, shares, mass, chosen) });
    say('Done');
  }

  const { element, submit } = runner('Classify', { work });
  labels.input.addEventListener('input', readLabels);
  return {
    element: pageOf(
      'Sort a message by its intent',
      [
        'An ',
        h('code', {}, 'enum'),
        ' in the schema makes the answer one of the labels. The bars show how probable each is.',
      ],
      h('form', { onsubmit: submit }, h('div', { class: 'inputs' }, message.element, labels.element), element),
      card.element,
    ),
  };
}
