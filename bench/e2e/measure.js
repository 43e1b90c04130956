/* The measuring of an engine through its exports; runs wherever the engine does. */
import { randomTokens } from './tokens.js';

const LOGITS_LAST = 1;
const MORE = 1;

/* engine: {exports, memory}; model: the address of a whole one. Returns round() and close() of a competitor. */
export function measured({ exports, memory }, model, { prompt, generate, context, seed }) {
  const longest = context + Math.max(prompt, generate);
  const session = exports.qn_session_new(model, longest, 0);
  const tokens = exports.qn_alloc(longest * 4);
  if (!session || !tokens) throw new Error('the engine has no memory for the session');
  new Int32Array(memory.buffer, tokens, longest).set(randomTokens(longest, exports.qn_model_vocab_size(model), seed));

  const check = (status) => {
    if (status < 0) {
      const error = new DataView(memory.buffer, exports.qn_last_error());
      const text = new Uint8Array(memory.buffer, error.byteOffset + 16, error.getUint32(4, true)).slice();
      throw new Error(new TextDecoder().decode(text));
    }
    return status;
  };

  /* Computes tokens [from, from + count), which stand at the same positions. */
  function compute(from, count) {
    check(exports.qn_session_feed(session, tokens + from * 4, count, LOGITS_LAST));
    while (check(exports.qn_session_step(session)) === MORE);
  }

  function seconds(work) {
    check(exports.qn_session_rewind(session, context));
    const start = performance.now();
    work();
    return (performance.now() - start) / 1000;
  }

  if (context) compute(0, context);
  return {
    round: () => ({
      prefill_s: seconds(() => compute(context, prompt)),
      decode_s: seconds(() => { for (let i = 0; i < generate; i++) compute(context + i, 1); }),
      peak_bytes: memory.buffer.byteLength,
    }),
    close() {
      exports.qn_session_free(session);
      exports.qn_free(tokens);
    },
  };
}
