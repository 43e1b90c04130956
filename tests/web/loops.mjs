/* Finds texts that go in circles. */

const MOST_WORDS = 80; // of a phrase
const COPIES = 3;
const LEAST_WORDS = 24; // of all copies together: a refrain of a poem is no loop

/* The phrase that a text repeats, in words and apart from case and punctuation, at least COPIES times in a row; '' if
 * there is none. */
export function loopOf(text) {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  for (let period = 1; period <= MOST_WORDS; period++) {
    let run = period;
    for (let at = period; at < words.length; at++) {
      run = words[at] === words[at - period] ? run + 1 : period;
      if (run >= COPIES * period && run >= LEAST_WORDS) return words.slice(at - period + 1, at + 1).join(' ');
    }
  }
  return '';
}
