/* How many of the threads that an engine has started help it. Neither the host's number of processors nor what else runs
 * says so; a short trial does. Results do not depend on the number. */

import { LOGITS_NONE } from '../engine.js';

const TRIES = 2; /* of each number, after one to warm up */

/* 1, 2, 4 ... and `most`. */
function counts(most) {
  const tried = [];
  for (let count = 1; count < most; count *= 2) tried.push(count);
  return [...tried, most];
}

/* Computes a token, or of an encoder a short text, without logits, by more and more threads, up to `most`, and leaves the engine with the fewest that no
 * larger number beats by a tenth. Returns that number. */
export function tuneThreads(engine, model, most) {
  if (most === 1) return 1;
  const session = model.session({ context: Math.min(model.contextSize, 64) });
  const text = new Array(Math.min(model.contextSize, 32)).fill(0);
  const step = () => {
    session.rewind(0);
    if (model.isEncoder) session.embed(text, { pooling: 'mean' });
    else session.feed([0], LOGITS_NONE);
    const start = performance.now();
    while (session.step());
    return performance.now() - start;
  };
  try {
    step();
    let chosen = { threads: 1, ms: Infinity };
    for (const threads of counts(most)) {
      engine.useThreads(threads);
      const ms = Math.min(...Array.from({ length: TRIES }, step));
      if (ms < 0.9 * chosen.ms) chosen = { threads, ms };
    }
    engine.useThreads(chosen.threads);
    return chosen.threads;
  } finally {
    session.free();
  }
}
