/* Chats stored in this browser, one key each, and an index of them: { id, title, messages: [{ role, content, stats }] }.
 * An answer that was regenerated also has `versions`, the list of all its versions; the message is one of them. The title
 * is undefined until the user sets one. */
import { storage } from './dom.js';

const INDEX = 'quern.chats';
const CURRENT = 'quern.chat';
const DRAFT = 'quern.draft';
const key = (id) => `quern.chat.${id}`;

export const list = () => storage.get(INDEX) ?? [];

export function create() {
  return { id: Date.now().toString(36) + Math.random().toString(36).slice(2, 6), messages: [] };
}

/* Without the data of the tokens, which is too large. */
const bare = ({ role, content, stats }) => ({ role, content, stats });

function stored(message) {
  const { versions } = message;
  return { ...bare(message), ...(versions && { versions: versions.map(bare), shown: versions.indexOf(message) }) };
}

function revived({ versions: others, shown, ...message }) {
  if (!others) return message;
  const versions = others.map((each) => ({ ...each }));
  for (const each of versions) each.versions = versions;
  return versions[shown];
}

export function open(id) {
  const chat = storage.get(key(id));
  return chat && { ...chat, messages: chat.messages.map(revived) };
}

export const titleOf = ({ title, messages }) =>
  title ?? messages.find(({ role }) => role === 'user')?.content.slice(0, 80) ?? 'Chat';

const write = (chat) => storage.set(key(chat.id), { ...chat, messages: chat.messages.map(stored) });

/* Returns false if the chat could not be stored and will be lost with the page. */
export function save(chat) {
  if (chat.messages.length === 0) return true;
  const entry = { id: chat.id, title: titleOf(chat), when: Date.now() };
  const entries = [entry, ...list().filter(({ id }) => id !== chat.id)];
  return [write(chat), storage.set(INDEX, entries), storage.set(CURRENT, chat.id)].every(Boolean);
}

export function rename(chat, title) {
  chat.title = title || undefined;
  write(chat);
  const entries = list().map((entry) => (entry.id === chat.id ? { ...entry, title: titleOf(chat) } : entry));
  storage.set(INDEX, entries);
}

/* Returns what restore() takes to undo it. */
export function remove(id) {
  const entries = list();
  const removed = { chat: storage.get(key(id)), entry: entries.find((entry) => entry.id === id) };
  storage.remove(key(id));
  storage.set(
    INDEX,
    entries.filter((entry) => entry.id !== id),
  );
  return removed;
}

export function restore({ chat, entry }) {
  storage.set(key(chat.id), chat);
  storage.set(
    INDEX,
    [entry, ...list()].sort((a, b) => b.when - a.when),
  );
}

/* The chats whose title or messages contain a text, in any case. */
export function search(text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return list();
  const has = (value) => value.toLowerCase().includes(wanted);
  return list().filter(
    ({ id, title }) => has(title) || storage.get(key(id))?.messages.some(({ content }) => has(content)),
  );
}

/* A chat as Markdown. */
export function markdownOf(chat) {
  const part = ({ role, content }) => `## ${role === 'user' ? 'You' : 'Answer'}\n\n${content.trim()}\n`;
  return [`# ${titleOf(chat).replace(/\s+/g, ' ')}\n`, ...chat.messages.map(part)].join('\n');
}

export const setCurrent = (id) => storage.set(CURRENT, id);

/* The chat of the last visit, or a new one. */
export const current = () => open(storage.get(CURRENT)) ?? create();

/* The message that has been written and not sent. */
export const draft = () => storage.get(DRAFT) ?? '';
export const setDraft = (text) => (text ? storage.set(DRAFT, text) : storage.remove(DRAFT));
