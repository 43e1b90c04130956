/* Runs in a page that chromium.js opens. The URL's fragment is JSON {report, reload, name, args}: the URL to report
 * to, a service worker to install first (optional), and the name and arguments of one of the functions below. */

const wait = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

const visits = {
  /* Does nothing, to measure the browser itself. */
  empty: () => wait(5000),

  /* Sends a request as soon as the model accepts it. Returns when the first token came, in ms since the navigation
   * (after) and since 1970 (at), and the prompt's length. */
  async firstToken(url, text, options) {
    const { loadModel } = await import('/web/index.js');
    const model = await loadModel(url, { early: true, contextSize: 512, ...options });
    const request = {
      messages: [{ role: 'user', content: text }],
      max_tokens: 2,
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
    };
    let after = 0;
    let tokens = 0;
    for await (const {
      choices: [choice],
      usage,
    } of await model.chat.completions.create(request)) {
      if (choice?.delta.content) after ||= performance.now();
      tokens = usage?.prompt_tokens ?? tokens;
    }
    await model.loaded;
    const { threads, from } = model.info;
    await model.free();
    return { after, at: performance.timeOrigin + after, tokens, threads, from };
  },

  /* Loads a model and generates tokens after a prompt of arbitrary token ids. */
  async quern(url, { threads, prompt, generate }, options) {
    const { loadModel } = await import('/web/index.js');
    const model = await loadModel(url, { threads, contextSize: prompt + generate + 8, ...options });
    const ids = Array.from({ length: prompt }, (_, i) => 300 + i);
    const { usage } = await model.completions.create({
      prompt: ids,
      max_tokens: generate,
      temperature: 0,
      logit_bias: { 2: -100 },
    });
    return { ...model.info, usage };
  },

  /* The same with another engine. */
  async peer(url, cell, engine) {
    const { open } = await import(`/bench/e2e/${engine}.js`);
    return (await open({ url, ...cell })).round();
  },
};

const { report, reload, name, args } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
if (reload && !navigator.serviceWorker.controller) {
  await navigator.serviceWorker.register(reload);
  await navigator.serviceWorker.ready;
  location.reload();
  await new Promise(() => {});
}
const outcome = await visits[name](...args).then(
  (value) => ({ value }),
  (error) => ({ error: String(error?.stack ?? error) }),
);
await fetch(report, { method: 'POST', body: JSON.stringify(outcome) });
