/* Tokens to measure with: the same ones on every host, spread over the vocabulary. */
export function randomTokens(count, vocabulary, seed) {
  const ids = new Int32Array(count);
  let state = seed >>> 0 || 1;
  for (let i = 0; i < count; i++) {
    state ^= state << 13; /* xorshift32 */
    state ^= state >>> 17;
    state ^= state << 5;
    ids[i] = (state >>> 0) % vocabulary;
  }
  return ids;
}
