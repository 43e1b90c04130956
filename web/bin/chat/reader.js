/* Reads the messages of a conversation from a terminal or a pipe. A message is a line. It can have several: between
 * two """, after a line that ends with a backslash, or pasted at once. */
import { createInterface } from 'node:readline';

const QUOTES = '"""';
const PROMPT = '> ';
const CONTINUED = '. ';
/* These make a terminal mark what is pasted; Node names the marks paste-start and paste-end. */
const MARK_PASTES = '\x1b[?2004h';
const NO_MARKS = '\x1b[?2004l';

/* Puts lines together to messages. */
export class Message {
  #lines = [];
  #quoted = false;

  get started() {
    return this.#lines.length > 0 || this.#quoted;
  }

  /* Adds a line; joined: the message goes on with the next line in any case. Returns the message once it is whole,
   * or null. */
  add(line, joined = false) {
    let text = line;
    if (!this.started && text.startsWith(QUOTES)) {
      this.#quoted = true;
      text = text.slice(QUOTES.length);
    }
    if (this.#quoted) {
      if (!text.trimEnd().endsWith(QUOTES)) return this.#more(text);
      return this.#end(text.trimEnd().slice(0, -QUOTES.length));
    }
    if (text.endsWith('\\')) return this.#more(text.slice(0, -1));
    return joined ? this.#more(text) : this.#end(text);
  }

  #more(text) {
    this.#lines.push(text);
    return null;
  }

  #end(text) {
    return this.take([text]);
  }

  /* The text so far, with more lines; begins anew. A quoted text does not begin or end with an empty line. */
  take(more = []) {
    const text = [...this.#lines, ...more].join('\n');
    const whole = this.#quoted ? text.replace(/^\n|\n$/g, '') : text;
    this.#lines = [];
    this.#quoted = false;
    return whole;
  }
}

export class Reader {
  #lines;
  #message = new Message();
  #pasting = false;
  #first = true;
  #ended = false;
  #queue = []; /* whole messages that nobody has asked for yet */
  #wake = () => {};

  /* complete(line): the completions of a line, as readline takes them. */
  constructor(complete) {
    this.terminal = Boolean(process.stdin.isTTY && process.stderr.isTTY);
    this.#lines = createInterface({
      input: process.stdin,
      output: this.terminal ? process.stderr : undefined,
      terminal: this.terminal,
      completer: complete,
    });
    this.#lines.on('line', (line) => this.#add(line)).on('close', () => this.#end());
    if (this.terminal) this.#useTerminal();
  }

  #useTerminal() {
    process.stdin.on('keypress', (_, key) => {
      if (key?.name === 'paste-start') this.#pasting = true;
      if (key?.name === 'paste-end') this.#pasting = false;
    });
    this.#lines.on('SIGINT', () => this.#clear());
    process.stderr.write(MARK_PASTES);
    process.once('exit', () => process.stderr.write(NO_MARKS));
  }

  #add(line) {
    const text = this.#first ? line.replace(/^\ufeff/, '') : line; /* a byte order mark */
    this.#first = false;
    const message = this.#message.add(text, this.#pasting);
    if (message === null) return void this.#show();
    this.#queue.push(message);
    this.#wake();
  }

  /* Ctrl-C: drops what has been typed. */
  #clear() {
    const empty = !this.#message.started && this.#lines.line === '';
    this.#message.take();
    Object.assign(this.#lines, { line: '', cursor: 0 });
    process.stderr.write(empty ? '\n(Ctrl-D or /exit ends the conversation)\n' : '\n');
    this.#show();
  }

  #end() {
    this.#ended = true;
    if (this.#message.started) this.#queue.push(this.#message.take());
    this.#wake();
  }

  #show() {
    if (!this.terminal || this.#ended) return;
    this.#lines.setPrompt(this.#message.started ? CONTINUED : PROMPT);
    this.#lines.prompt();
  }

  /* The next message; null at the end of the input. */
  async next() {
    if (this.terminal) process.stdin.setRawMode(true);
    if (!this.#queue.length) this.#show();
    while (!this.#queue.length && !this.#ended) {
      await new Promise((resolve) => {
        this.#wake = () => resolve(undefined);
      });
    }
    return this.#queue.shift() ?? null;
  }

  /* Leaves the terminal to an answer: Ctrl-C becomes a signal. */
  pause() {
    if (!this.terminal) return;
    this.#lines.pause();
    process.stdin.setRawMode(false);
  }

  close() {
    this.#lines.close();
  }
}
