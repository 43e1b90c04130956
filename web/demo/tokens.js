/* The token view: the prompt as the template and the tokenizer made it, and the answer with what else was likely. */
import { $, h } from './dom.js';
import { asked } from './answer.js';
import { lastExchange } from './chat.js';
import { currentModel } from './models.js';

const card = $('token-card');
const percent = (logprob) => `${(100 * Math.exp(logprob)).toFixed(logprob > -4.6 ? 0 : 1)} %`;
/* White space that can be seen; a line break also breaks the line. */
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
  const place = chip.getBoundingClientRect(),
    size = card.getBoundingClientRect();
  const below = place.bottom + 6 + size.height < innerHeight;
  card.style.left = `${Math.max(8, Math.min(place.left, innerWidth - size.width - 8))}px`;
  card.style.top = `${below ? place.bottom + 6 : place.top - size.height - 6}px`;
}

function hideCard() {
  card.hidden = true;
}

/* A chip for each token. One of them can be tabbed to; the arrow keys go on from there. */
function fill(stream, tokens) {
  const chips = tokens.map((entry, index) => {
    const { token, id, logprob, special } = entry;
    const doubt = logprob === undefined ? 0 : 1 - Math.exp(logprob);
    const label = [JSON.stringify(token), id !== undefined && `id ${id}`, logprob !== undefined && percent(logprob)]
      .filter(Boolean)
      .join(', ');
    const chip = h(
      'span',
      {
        class: special ? 'token special' : 'token',
        role: 'listitem',
        tabindex: index === 0 ? 0 : -1,
        'aria-label': label,
        'aria-describedby': 'token-card',
        'data-id': id,
        onmouseenter: () => showCard(chip, entry),
        onmouseleave: () => {
          if (document.activeElement !== chip) hideCard();
        },
        onfocus: () => showCard(chip, entry),
        onblur: hideCard,
      },
      visible(token),
      h('small', { class: 'id' }, id ?? ''),
    );
    chip.style.setProperty('--doubt', doubt.toFixed(3));
    return chip;
  });
  const nodes = chips.flatMap((chip, index) => (tokens[index].token.includes('\n') ? [chip, '\n'] : [chip]));
  stream.replaceChildren(...nodes);
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
  const { tokens } = await model.template(asked(messages));
  return Promise.all(
    tokens.map(async (id) => {
      const [token, plain] = await Promise.all([model.detokenize([id], { showSpecial: true }), model.detokenize([id])]);
      return { token, id, special: plain === '' && token !== '' };
    }),
  );
}

let drawing = 0;
export async function drawTokens() {
  const mine = ++drawing;
  const model = currentModel();
  const { before, answer } = lastExchange();
  const prompt = model && before.length > 0 ? await promptTokens(model, before) : [];
  if (mine !== drawing) return;
  fill($('prompt-tokens'), prompt);
  fill($('answer-tokens'), answer?.pieces ?? []);
  $('prompt-hint').textContent = !model
    ? 'Load a model to see what its template makes of the conversation.'
    : prompt.length === 0
      ? 'Write something to see what the template makes of it.'
      : `${prompt.length} tokens, as the chat template and the tokenizer made them.`;
  $('answer-hint').textContent = !answer
    ? ''
    : answer.pieces?.length
      ? `${answer.pieces.length} tokens; the deeper the shade, the less likely it was. Point at one, tap it, or walk with the arrow keys, to see what else was likely.`
      : 'Probabilities are kept only until the page is left: answer again to see them.';
}

export function startTokens() {
  $('show-ids').addEventListener('change', () => $('tokens').classList.toggle('show-ids', $('show-ids').checked));
  for (const id of ['prompt-tokens', 'answer-tokens']) $(id).addEventListener('keydown', arrows);
  $('tokens-content').addEventListener('scroll', hideCard);
  document.addEventListener('tokens', drawTokens);
}
