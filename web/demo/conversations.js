/* Chats stored in this browser, one key each, and an index of them: { id, title, messages: [{ role, content, stats }] }.
 * An answer that was regenerated also has `versions`, the list of all its versions; the message is one of them. The title
 * is undefined until the user sets one. */
import { startOf, storage } from './dom.js';

const INDEX = 'quern.chats';
const CURRENT = 'quern.chat';
const DRAFT = 'quern.draft';
const key = (id) => `quern.chat.${id}`;

const removedIds = new Set(); // an answer that ends later does not bring its chat back

const isText = (value) => typeof value === 'string';
const isEntry = (entry) => isText(entry?.id) && isText(entry.title);
const isMessage = (message) => isText(message?.content);
const isChat = (chat) => isText(chat.id) && Array.isArray(chat.messages) && chat.messages.every(isMessage);

export const list = () => storage.get(INDEX, (index) => Array.isArray(index) && index.every(isEntry)) ?? [];
const read = (id) => storage.get(key(id), isChat);

export function create() {
  return { id: Date.now().toString(36) + Math.random().toString(36).slice(2, 6), messages: [] };
}

/* Without the data of the tokens, which is too large. */
const bare = ({ role, content, stats }) => ({ role, content, stats });

const hasText = ({ content }) => content !== '';

function stored(message) {
  const versions = message.versions?.filter(hasText);
  return {
    ...bare(message),
    ...(versions?.length > 1 && { versions: versions.map(bare), shown: versions.indexOf(message) }),
  };
}

/* What is stored of a message. An answer that has not begun is left out, or its last version stands in for it. */
const begun = (message) => (hasText(message) ? message : message.versions?.findLast(hasText));

/* An answer without a finish was being written when the page was left. */
const ended = ({ stats, ...message }) => ({ ...message, ...(stats && { stats: { finish: 'stopped', ...stats } }) });

function revived({ versions: others, shown, ...message }) {
  if (!others) return ended(message);
  const versions = others.map(ended);
  for (const each of versions) each.versions = versions;
  return versions[shown];
}

export function open(id) {
  const chat = read(id);
  return chat && { ...chat, messages: chat.messages.map(revived) };
}

export const titleOf = ({ title, messages }) =>
  title ?? startOf(messages.find(({ role }) => role === 'user')?.content ?? 'Chat', 80);

const write = (chat) =>
  storage.set(key(chat.id), { ...chat, messages: chat.messages.map(begun).filter(Boolean).map(stored) });

/* Returns false if the chat could not be stored and will be lost with the page. */
export function save(chat) {
  if (chat.messages.length === 0 || removedIds.has(chat.id)) return true;
  const entry = { id: chat.id, title: titleOf(chat), when: Date.now() };
  const entries = [entry, ...list().filter(({ id }) => id !== chat.id)];
  return [write(chat), storage.set(INDEX, entries)].every(Boolean);
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
  const removed = { chat: read(id), entry: entries.find((entry) => entry.id === id) };
  storage.remove(key(id));
  removedIds.add(id);
  storage.set(
    INDEX,
    entries.filter((entry) => entry.id !== id),
  );
  return removed;
}

export function restore({ chat, entry }) {
  removedIds.delete(chat.id);
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
  return list().filter(({ id, title }) => has(title) || read(id)?.messages.some(({ content }) => has(content)));
}

/* A chat as Markdown. */
export function markdownOf(chat) {
  const part = ({ role, content }) => `## ${role === 'user' ? 'You' : 'Answer'}\n\n${content.trim()}\n`;
  return [`# ${titleOf(chat).replace(/\s+/g, ' ')}\n`, ...chat.messages.map(part)].join('\n');
}

export const setCurrent = (id) => storage.set(CURRENT, id);

/* The chat of the last visit, or a new one. */
export const current = () => open(storage.get(CURRENT, isText)) ?? create();

/* The message that has been written and not sent. */
export const draft = () => storage.get(DRAFT, isText) ?? '';
export const setDraft = (text) => (text ? storage.set(DRAFT, text) : storage.remove(DRAFT));
