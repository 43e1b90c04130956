/* Shows progress on the terminal once something has taken longer than a second. */
export function progress(label) {
  const start = performance.now();
  let shown = 0;
  const write = (text) => process.stderr.write(`\r\x1b[K${text}`);
  return {
    show(done, total) {
      const now = performance.now();
      if (!process.stderr.isTTY || now - start < 1000 || now - shown < 100) return;
      shown = now;
      write(total ? `${label}: ${Math.floor((100 * done) / total)}%` : `${label}: ${done}`);
    },
    done() {
      if (shown) write('');
    },
  };
}
