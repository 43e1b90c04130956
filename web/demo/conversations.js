/* Chats kept in this browser: { id, messages: [{ role, content, stats }] }, each under a key of its own, and an index. */
import { kept } from './dom.js';

const INDEX = 'quern.chats';
const CURRENT = 'quern.chat';
const key = (id) => `quern.chat.${id}`;

export const list = () => kept.get(INDEX) ?? [];

export function create() {
  return { id: Date.now().toString(36) + Math.random().toString(36).slice(2, 6), messages: [] };
}

export const open = (id) => kept.get(key(id));

/* Whether it is kept for longer than the page. */
export function save(chat) {
  if (chat.messages.length === 0) return true;
  const title = chat.messages.find((message) => message.role === 'user')?.content.slice(0, 80) ?? 'Chat';
  const messages = chat.messages.map(({ role, content, stats }) => ({ role, content, stats })); // not the tokens: they are many
  const entries = [{ id: chat.id, title, when: Date.now() }, ...list().filter((entry) => entry.id !== chat.id)];
  return [
    [key(chat.id), { id: chat.id, messages }],
    [INDEX, entries],
    [CURRENT, chat.id],
  ]
    .map(([name, value]) => kept.set(name, value))
    .every(Boolean);
}

export function remove(id) {
  kept.remove(key(id));
  kept.set(
    INDEX,
    list().filter((entry) => entry.id !== id),
  );
}

export const setCurrent = (id) => kept.set(CURRENT, id);

/* The chat of the last visit, or a new one. */
export const current = () => open(kept.get(CURRENT)) ?? create();
