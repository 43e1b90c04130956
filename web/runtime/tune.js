/* Finds out how a model runs fastest: with how many of the engine's threads, and in which order it reads the weights. The
 * number of processors, their load and their model do not answer that; a short trial does. Results depend on neither. */
import { LOGITS_NONE, WEIGHT_ORDERS } from '../engine/constants.js';
import { QuernError } from '../engine/error.js';

/** @import { Engine, Model, Session, WeightOrder } from '../engine.js' */

const TRIALS = 2; // of each choice, after one to warm up
const TRIAL_TOKENS = 32; // of an encoder's input
const GAIN = 0.9; // more threads are used only if they take less than this share of the time
const ORDER_GAIN = 0.97; // the same for another order than the first

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
 * The first choice that none after it beats by so much; it is set.
 * @template T
 * @param {T[]} choices
 * @param {{ use: (choice: T) => void, time: () => number, gain: number }} trial
 * @returns {T}
 */
function fastest(choices, { use, time, gain }) {
  let chosen = { choice: choices[0], ms: Infinity };
  for (const choice of choices.length > 1 ? choices : []) {
    use(choice);
    const ms = Math.min(...Array.from({ length: TRIALS }, time));
    if (ms < gain * chosen.ms) chosen = { choice, ms };
  }
  use(chosen.choice);
  return chosen.choice;
}

/**
 * Returns a function that computes a token (of an encoder: a short input) and returns the milliseconds it took.
 * @param {Model} model
 * @param {Session} session
 */
function timer(model, session) {
  const input = new Array(Math.min(model.contextSize, TRIAL_TOKENS)).fill(0);
  return () => {
    session.rewind(0);
    if (model.isEncoder) session.embed(input, { pooling: 'mean' });
    else session.feed([0], LOGITS_NONE);
    const start = performance.now();
    while (session.step());
    return performance.now() - start;
  };
}

/**
 * Times a token (of an encoder: a short input), first with more and more threads, then in each order of reading. Sets
 * the smallest number of threads that no larger one beats by a tenth, and the best order.
 * @param {Engine} engine
 * @param {Model} model
 * @param {{ started: number, threads?: number, order?: WeightOrder }} options started: threads that were started;
 *   threads, order: given, so that they need no trial
 * @returns {{ threads: number, order: WeightOrder }}
 */
export function tune(engine, model, { started, threads, order }) {
  /** @type {WeightOrder[]} */
  const orders = order ? [order] : model.isEncoder ? ['distant'] : WEIGHT_ORDERS;
  const numbers = threads ? [threads] : counts(started);
  const useThreads = (/** @type {number} */ count) => engine.useThreads(count);
  const useOrder = (/** @type {WeightOrder} */ each) => model.useOrder(each);
  /** @type {Session | undefined} */
  let session;
  try {
    session = model.session({ context: Math.min(model.contextSize, 64) });
    const time = timer(model, session);
    if (numbers.length > 1 || orders.length > 1) time();
    return {
      threads: fastest(numbers, { use: useThreads, time, gain: GAIN }),
      order: fastest(orders, { use: useOrder, time, gain: ORDER_GAIN }),
    };
  } catch (error) {
    if (!(error instanceof QuernError)) throw error;
    /* The model cannot compute: its file is damaged, or there is no memory. The calls will say so. */
    useThreads(numbers[numbers.length - 1]);
    useOrder(orders[0]);
    return { threads: numbers[numbers.length - 1], order: orders[0] };
  } finally {
    session?.free();
  }
}
