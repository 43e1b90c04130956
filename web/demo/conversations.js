/* Chats stored in this browser: { id, messages: [{ role, content, stats }] }, one key each, and an index of them. */
import { storage } from './dom.js';

const INDEX = 'quern.chats';
const CURRENT = 'quern.chat';
const key = (id) => `quern.chat.${id}`;

export const list = () => storage.get(INDEX) ?? [];

export function create() {
  return { id: Date.now().toString(36) + Math.random().toString(36).slice(2, 6), messages: [] };
}

export const open = (id) => storage.get(key(id));

/* Returns false if the chat could not be stored and will be lost with the page. */
export function save(chat) {
  if (chat.messages.length === 0) return true;
  const title = chat.messages.find((message) => message.role === 'user')?.content.slice(0, 80) ?? 'Chat';
  const messages = chat.messages.map(({ role, content, stats }) => ({ role, content, stats })); // token data is too large
  const entries = [{ id: chat.id, title, when: Date.now() }, ...list().filter((entry) => entry.id !== chat.id)];
  return [
    [key(chat.id), { id: chat.id, messages }],
    [INDEX, entries],
    [CURRENT, chat.id],
  ]
    .map(([name, value]) => storage.set(name, value))
    .every(Boolean);
}

export function remove(id) {
  storage.remove(key(id));
  storage.set(
    INDEX,
    list().filter((entry) => entry.id !== id),
  );
}

export const setCurrent = (id) => storage.set(CURRENT, id);

/* The chat of the last visit, or a new one. */
export const current = () => open(storage.get(CURRENT)) ?? create();
