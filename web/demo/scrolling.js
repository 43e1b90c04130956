/* Keeps the end of the conversation in view while it grows, unless the reader has scrolled up. */
import { $ } from './dom.js';

const NEAR = 40; // pixels from the end that count as the end
const scroll = $('scroll');
let following = true;

const distance = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight;

function look() {
  following = distance() < NEAR;
  $('jump').hidden = distance() < scroll.clientHeight / 2;
}

export function scrollToEnd() {
  scroll.scrollTop = scroll.scrollHeight;
  look();
}

export function scrollToStart() {
  scroll.scrollTop = 0;
  look();
}

/* Draws a change of the conversation. */
export function keepAtEnd(draw) {
  const follow = distance() < NEAR;
  draw();
  if (follow) scroll.scrollTop = scroll.scrollHeight;
  look();
}

/* hasMessages(): whether there is a conversation. */
export function startScrolling(hasMessages) {
  scroll.addEventListener('scroll', look, { passive: true });
  $('jump').addEventListener('click', () => {
    scrollToEnd();
    scroll.focus({ preventScroll: true });
  });
  new ResizeObserver(() => {
    if (following && hasMessages()) scroll.scrollTop = scroll.scrollHeight;
    /* When a phone's keyboard opens, the field that is being filled in stays in view. */ else if (
      scroll.contains(document.activeElement)
    )
      document.activeElement.scrollIntoView({ block: 'nearest' });
    look();
  }).observe(scroll);
}
