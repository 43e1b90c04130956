/* The progress of a load: its bar, the current speed and the time left. */
import { $, bytes, duration } from './dom.js';

const WINDOW = 4000; // ms over which the speed is averaged

export class Progress {
  /* stage: a promise of the verb that precedes the model's name, such as "Downloading". */
  constructor(name, stage) {
    this.samples = []; // [time, bytes]
    this.stage = 'Looking up';
    stage.then((text) => {
      this.stage = text;
    });
    $('loading-name').textContent = name;
    $('loading-stage').textContent = this.stage;
    $('loading-text').textContent = '';
    $('loading-bar').removeAttribute('value');
    $('loading').hidden = false;
  }

  update({ loaded, total }) {
    const now = performance.now();
    while (this.samples.length > 1 && now - this.samples[0][0] > WINDOW) this.samples.shift();
    this.samples.push([now, loaded]);
    const [time, start] = this.samples[0];
    const rate = now - time > 300 ? (loaded - start) / ((now - time) / 1000) : 0;
    const words = [total ? `${bytes(loaded)} of ${bytes(total)}` : bytes(loaded)];
    if (rate > 0) words.push(`${bytes(rate)}/s`);
    if (rate > 0 && total && total > loaded) words.push(`${duration((total - loaded) / rate)} left`);
    $('loading-stage').textContent = total && loaded >= total ? 'Starting' : this.stage;
    $('loading-text').textContent = words.join(' · ');
    if (total) $('loading-bar').value = loaded / total;
  }

  close() {
    $('loading').hidden = true;
  }
}
