/* Pseudorandom tokens from the whole vocabulary, the same on every host. */
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
