// Runs the kernel check in a browser: node run_browser.mjs chromium|firefox <kernel_check.wasm> [seed] [fault]
// Output and exit status are those of run_node.mjs. The drivers of the browsers are in bench/e2e.
import { browser } from '../../bench/e2e/browsers.js';
import { serve } from '../../bench/e2e/server.js';

const [name, path, seed = '1', fault] = process.argv.slice(2);
const server = await serve();
const host = browser(name);
try {
  const page = await host.page(`${server.url}/tests/kernels/page.html`);
  const { text, status } = await page.evaluate(
    ([url, ...given]) => window.run(url, ...given),
    [server.add(path), seed, ...(fault === undefined ? [] : [fault])],
  );
  console.log(text);
  process.exitCode = status;
} finally {
  await host.close();
  server.close();
}
