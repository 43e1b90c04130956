/* How far a load has come: the bar, the speed of the last seconds, the time left. */
import { $, bytes, duration } from './dom.js';

const WINDOW = 4000; // ms over which the speed is taken

export class Progress {
  /* stage: a promise of what happens to the model called `name`, such as 'is being downloaded'. */
  constructor(name, stage) {
    this.seen = []; // [time, bytes]
    this.stage = 'is being found';
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
    while (this.seen.length > 1 && now - this.seen[0][0] > WINDOW) this.seen.shift();
    this.seen.push([now, loaded]);
    const [time, start] = this.seen[0];
    const rate = now - time > 300 ? (loaded - start) / ((now - time) / 1000) : 0;
    const parts = [total ? `${bytes(loaded)} of ${bytes(total)}` : bytes(loaded)];
    if (rate > 0) parts.push(`${bytes(rate)}/s`);
    if (rate > 0 && total && total > loaded) parts.push(`${duration((total - loaded) / rate)} left`);
    $('loading-stage').textContent = total && loaded >= total ? 'is nearly ready' : this.stage;
    $('loading-text').textContent = parts.join(' · ');
    if (total) $('loading-bar').value = loaded / total;
  }

  close() {
    $('loading').hidden = true;
  }
}
