/* Finds out how many of an engine's threads make it faster. The number of processors and their load do not answer that;
 * a short trial does. Results do not depend on the number of threads. */
import { LOGITS_NONE } from '../engine/constants.js';

/** @import { Engine, Model } from '../engine.js' */

const TRIALS = 2; // for each number of threads, after one to warm up
const TRIAL_TOKENS = 32; // of an encoder's input
const GAIN = 0.9; // more threads are used only if they take less than this share of the time

/**
 * 1, 2, 4 and so on, and `most`.
 * @param {number} most
 */
function counts(most) {
  const tried = [];
  for (let count = 1; count < most; count *= 2) tried.push(count);
  return [...tried, most];
}

/**
 * Times a token (of an encoder: a short input) with more and more threads. Then sets the smallest number of threads
 * that no larger one beats by a tenth, and returns it.
 * @param {Engine} engine
 * @param {Model} model
 * @param {number} most threads that were started
 */
export function tuneThreads(engine, model, most) {
  if (most === 1) return 1;
  const session = model.session({ context: Math.min(model.contextSize, 64) });
  const input = new Array(Math.min(model.contextSize, TRIAL_TOKENS)).fill(0);
  const time = () => {
    session.rewind(0);
    if (model.isEncoder) session.embed(input, { pooling: 'mean' });
    else session.feed([0], LOGITS_NONE);
    const start = performance.now();
    while (session.step());
    return performance.now() - start;
  };
  try {
    time();
    let chosen = { threads: 1, ms: Infinity };
    for (const threads of counts(most)) {
      engine.useThreads(threads);
      const ms = Math.min(...Array.from({ length: TRIALS }, time));
      if (ms < GAIN * chosen.ms) chosen = { threads, ms };
    }
    engine.useThreads(chosen.threads);
    return chosen.threads;
  } finally {
    session.free();
  }
}
