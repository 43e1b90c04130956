/* Server-sent events: an answer that is sent while it is generated. */
import { once } from 'node:events';

const KEEP_ALIVE = 10_000; /* ms between comments, which keep proxies and clients from giving up */

export class EventStream {
  #response;
  #signal;
  #timer;
  started = false;

  /* signal: aborts when the client has left. */
  constructor(response, signal) {
    this.#response = response;
    this.#signal = signal;
    response.on('close', () => clearInterval(this.#timer));
  }

  /* Sends the status and a comment; from now on an error can be reported only in the stream. */
  start() {
    if (this.started || this.#signal.aborted) return;
    this.started = true;
    this.#response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-cache' });
    this.#response.write(': accepted\n\n');
    this.#timer = setInterval(() => this.#response.write(': working\n\n'), KEEP_ALIVE);
  }

  /* Sends an event. Waits for a client that reads slowly. */
  async send(text, type = '') {
    this.start();
    if (!this.#response.write(`${type && `event: ${type}\n`}data: ${text}\n\n`))
      await once(this.#response, 'drain', { signal: this.#signal });
  }

  end() {
    clearInterval(this.#timer);
    if (this.started) this.#response.end();
  }
}
