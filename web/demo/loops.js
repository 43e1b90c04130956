/* Answers that repeat themselves. The package stops exact repetitions of tokens (stop_loops); here, spaces, line breaks and
 * punctuation between the words may differ. */

const COPIES = 3; // of a phrase, one after another
const LEAST_WORDS = 24; // of all copies together: a refrain is no loop
const LEAST_CHARACTERS = 48;
const TAIL = 4000; // characters at the end of a text that are compared

/* How many of the last units repeat the units before them, and the period; undefined if there are no COPIES. */
function loopAtEnd(units, least) {
  const last = units.length - 1;
  for (let period = 1; period <= units.length / COPIES; period++) {
    let run = period;
    while (run <= last && units[last - run] === units[last - run + period]) run++;
    if (run >= COPIES * period && run >= least) return { run, period };
  }
}

const WORD = /\p{L}[\p{L}\p{N}]*/gu; // without numbers: the items of a list may have different ones

const LIST_MARKER = /\n\s*(\d+[.)]|[-*])\s*$/;

/* The words of a text's tail, without the last one, which may be incomplete, and where they start in the text. */
function tailWords(text) {
  const from = Math.max(0, text.length - TAIL);
  const found = [...text.slice(from).toLowerCase().matchAll(WORD)].slice(0, -1);
  return { words: found.map(([word]) => word), starts: found.map(({ index }) => from + index) };
}

/* Whether a text ends with copies of one phrase. */
export const repeatsWords = (text) => loopAtEnd(tailWords(text).words, LEAST_WORDS) !== undefined;

/* A text that ends with copies of one phrase, with the first of them only. */
export function withoutLoop(text) {
  const { words, starts } = tailWords(text);
  const loop = loopAtEnd(words, LEAST_WORDS);
  if (loop)
    return text
      .slice(0, starts[words.length - loop.run + loop.period])
      .replace(LIST_MARKER, '')
      .trimEnd();
  const exact = loopAtEnd(text, LEAST_CHARACTERS);
  if (!exact) return text;
  const end = text.length - exact.run + exact.period;
  const more = /[^.!?\n]$/.test(text.slice(0, end)) ? text.slice(end, end + exact.period).search(/[.!?\n]/) + 1 : 0;
  return text.slice(0, end + more).trimEnd(); // up to the end of its sentence or line
}
