/* The token sidebar: the prompt after the chat template and tokenizer, and the answer with each token's
 * alternatives. */
import { promptMessages } from './answer.js';
import { lastExchange } from './chat.js';
import { $, h } from './dom.js';
import { currentModel } from './models.js';

const card = $('token-card');
const percent = (logprob) => `${(100 * Math.exp(logprob)).toFixed(logprob > -4.6 ? 0 : 1)}%`;
/* Makes white space visible. */
const visible = (text) => text.replace(/\n/g, '↵').replace(/\t/g, '→') || '∅';
const edges = (text) => visible(text).replace(/^ +| +$/g, (spaces) => '␣'.repeat(spaces.length));

function showCard(chip, { token, id, logprob, top_logprobs: top = [] }) {
  const lines = [
    h('p', { class: 'row' }, h('code', {}, edges(token)), h('span', {}, id === undefined ? '' : `id ${id}`)),
  ];
  const taken = logprob !== undefined && !top.some((other) => other.token === token) ? [{ token, logprob }] : [];
  for (const other of [...top, ...taken]) {
    const line = h(
      'p',
      { class: `row chance${other.token === token ? ' chosen' : ''}` },
      h('code', {}, edges(other.token)),
      h('span', {}, percent(other.logprob)),
    );
    line.style.setProperty('--share', `${100 * Math.exp(other.logprob)}%`);
    lines.push(line);
  }
  card.replaceChildren(...lines);
  card.hidden = false;
  const anchor = chip.getBoundingClientRect();
  const size = card.getBoundingClientRect();
  const below = anchor.bottom + 6 + size.height < innerHeight;
  card.style.left = `${Math.max(8, Math.min(anchor.left, innerWidth - size.width - 8))}px`;
  card.style.top = `${below ? anchor.bottom + 6 : anchor.top - size.height - 6}px`;
}

function hideCard() {
  card.hidden = true;
}

/* Shows each token as a chip. Tab reaches one of them; the arrow keys move between them. */
function chipOf(entry, index) {
  const { token, id, logprob, special } = entry;
  const label = [JSON.stringify(token), id !== undefined && `id ${id}`, logprob !== undefined && percent(logprob)];
  const attributes = {
    class: special ? 'token special' : 'token',
    tabindex: index === 0 ? 0 : -1,
    'aria-label': label.filter(Boolean).join(', '),
    'aria-describedby': 'token-card',
    'data-id': id,
    onmouseenter: () => showCard(chip, entry),
    onmouseleave: () => {
      if (document.activeElement !== chip) hideCard();
    },
    onfocus: () => showCard(chip, entry),
    onblur: hideCard,
  };
  const chip = h('li', attributes, visible(token), h('small', { class: 'id' }, id ?? ''));
  const doubt = logprob === undefined ? 0 : 1 - Math.exp(logprob);
  chip.style.setProperty('--doubt', doubt.toFixed(3));
  return chip;
}

function fill(stream, tokens) {
  const breaks = (token) => (token.includes('\n') ? ['\n'] : []);
  stream.replaceChildren(...tokens.flatMap((entry, index) => [chipOf(entry, index), ...breaks(entry.token)]));
}

function arrows(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step || !event.target.classList.contains('token')) return;
  const chips = [...event.currentTarget.querySelectorAll('.token')];
  const next = chips[chips.indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  event.target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

async function promptTokens(model, messages) {
  const { tokens } = await model.template(promptMessages(messages));
  return Promise.all(
    tokens.map(async (id) => {
      const [token, plain] = await Promise.all([
        model.detokenize([id], { showSpecial: true, continues: true }),
        model.detokenize([id], { continues: true }),
      ]);
      return { token, id, special: plain === '' && token !== '' };
    }),
  );
}

function promptHint(model, tokens) {
  if (!model) return 'Load a model to see the conversation as tokens.';
  if (tokens.length === 0) return 'Send a message to see its tokens.';
  return `${tokens.length} tokens, after the chat template and the tokenizer.`;
}

function answerHint(answer) {
  if (!answer) return '';
  if (!answer.pieces?.length) return 'Probabilities are not stored with a chat. Regenerate the answer to see them.';
  return `${answer.pieces.length} tokens. A stronger shade marks a less likely token. Hover over a token, tap it or use the arrow keys to see the alternatives.`;
}

let drawing = 0;
export async function drawTokens() {
  const own = ++drawing;
  const model = currentModel();
  const { before, answer } = lastExchange();
  const prompt = model && before.length > 0 ? await promptTokens(model, before) : [];
  if (own !== drawing) return; // a later call draws newer tokens
  fill($('prompt-tokens'), prompt);
  fill($('answer-tokens'), answer?.pieces ?? []);
  $('prompt-hint').textContent = promptHint(model, prompt);
  $('answer-hint').textContent = answerHint(answer);
}

export function startTokens() {
  $('show-ids').addEventListener('change', () => $('tokens').classList.toggle('show-ids', $('show-ids').checked));
  for (const id of ['prompt-tokens', 'answer-tokens']) $(id).addEventListener('keydown', arrows);
  $('tokens-content').addEventListener('scroll', hideCard);
  document.addEventListener('tokens', drawTokens);
}
