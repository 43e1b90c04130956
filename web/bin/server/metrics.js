/* Counts what each model has done, for GET /metrics in Prometheus' text format. */

const COUNTERS = {
  prompt_tokens: 'tokens of prompts, with those that were cached',
  cached_tokens: 'tokens of prompts that had been computed for an earlier request',
  generated_tokens: 'tokens that were generated',
  prompt_seconds: 'time that was spent on prompts',
  generation_seconds: 'time that was spent on answers, after the prompt',
};

export class Metrics {
  running = 0; /* requests, with those that wait */
  requests = new Map(); /* by status */
  counters = Object.fromEntries(Object.keys(COUNTERS).map((name) => [name, 0]));

  /* Adds OpenAI's usage of a request. */
  addUsage({ prompt_tokens: prompt, completion_tokens: generated = 0, prompt_tokens_details: details }) {
    this.counters.prompt_tokens += prompt;
    this.counters.cached_tokens += details?.cached_tokens ?? 0;
    this.counters.generated_tokens += generated;
  }

  /* Counts a request until work() has ended. statusOf(error) is the HTTP status of a failure. */
  async count(work, statusOf) {
    this.running++;
    let status = 200;
    try {
      return await work();
    } catch (error) {
      status = statusOf(error);
      throw error;
    } finally {
      this.running--;
      this.requests.set(status, (this.requests.get(status) ?? 0) + 1);
    }
  }
}

/* Measures a request's prompt and answer. Pass progress() as onProgress. */
export class Stopwatch {
  #metrics;
  #promptEnd;

  constructor(metrics) {
    this.#metrics = metrics;
  }

  progress({ total, processed, time_ms: ms }) {
    if (processed < total) return;
    this.#addAnswer();
    this.#metrics.counters.prompt_seconds += ms / 1000;
    this.#promptEnd = performance.now();
  }

  #addAnswer() {
    if (this.#promptEnd === undefined) return;
    this.#metrics.counters.generation_seconds += (performance.now() - this.#promptEnd) / 1000;
    this.#promptEnd = undefined;
  }

  stop() {
    this.#addAnswer();
  }
}

const escaped = (text) => text.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));

/* A metric with one line per sample: [labels, value]. */
function metric(name, type, help, samples) {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(String(text))}"`);
    return `quern_${name}{${pairs.join(',')}} ${value}\n`;
  });
  return `# HELP quern_${name} ${help}\n# TYPE quern_${name} ${type}\n${lines.join('')}`;
}

/* The text of GET /metrics. entries: [{id, model, metrics}] */
export function metricsText(entries) {
  const perModel = (value) => entries.map((entry) => [{ model: entry.id }, value(entry)]);
  const statuses = entries.flatMap(({ id, metrics }) =>
    [...metrics.requests].map(([status, count]) => [{ model: id, status }, count]),
  );
  return [
    metric(
      'model_loaded',
      'gauge',
      '1 once the model has loaded',
      perModel(({ model }) => (model ? 1 : 0)),
    ),
    metric(
      'memory_bytes',
      'gauge',
      "size of the model's linear memory",
      perModel(({ model }) => model?.info.memoryBytes ?? 0),
    ),
    metric(
      'requests_running',
      'gauge',
      'requests that are computed or wait for their turn',
      perModel(({ metrics }) => metrics.running),
    ),
    metric('requests_total', 'counter', 'requests that have ended, by HTTP status', statuses),
    ...Object.entries(COUNTERS).map(([name, help]) =>
      metric(
        `${name}_total`,
        'counter',
        help,
        perModel(({ metrics }) => metrics.counters[name]),
      ),
    ),
  ].join('');
}
