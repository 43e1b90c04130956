/* Functions that environments.test.mjs calls in a page, in a frame or in a worker, for the package at any address. */

/* The functions for the package's module. */
export function functions({ loadModel, ...storage }) {
  /* Loads the model, and lets it continue a prompt. */
  async function use(source, options) {
    const notes = [];
    const model = await loadModel(source, { contextSize: 64, onNote: (text) => notes.push(text), ...options });
    try {
      const request = { prompt: 'One, two', max_tokens: 8, temperature: 0 };
      const { choices } = await model.completions.create(request);
      const { from, build, threads, reason, advice } = model.info;
      return { text: choices[0].text, from, build, threads, reason, advice, notes };
    } finally {
      await model.free();
    }
  }

  /* The error of an attempt to load. */
  const refusal = (source, options) =>
    use(source, options).then(
      () => 'taken',
      ({ name, message }) => `${name}: ${message}`,
    );

  return { loadModel, ...storage, use, refusal };
}

/* Counts the bytes of the buffers that are posted from this page: their number so far is `bytes`. */
export function countPosted() {
  const count = { bytes: 0 };
  const seen = new Set();
  const add = (value) => {
    if (value === null || typeof value !== 'object') return;
    const buffer = ArrayBuffer.isView(value) ? value.buffer : value;
    if (!(buffer instanceof ArrayBuffer)) return void Object.values(value).forEach(add);
    if (!seen.has(buffer)) count.bytes += buffer.byteLength;
    seen.add(buffer);
  };
  for (const { prototype } of [Worker, MessagePort]) {
    const { postMessage } = prototype;
    prototype.postMessage = function post(message, ...rest) {
      seen.clear();
      add(message);
      return postMessage.call(this, message, ...rest);
    };
  }
  return count;
}

/* A source of each kind that loadModel takes, from the bytes at a URL. */
export async function sourcesOf(url, splits) {
  const bytes = await (await fetch(url)).arrayBuffer();
  const large = new Uint8Array(bytes.byteLength + 4096);
  large.set(new Uint8Array(bytes), 4);
  const frame = document.body.appendChild(document.createElement('iframe')).contentWindow;
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], 'tiny.gguf'));
  const root = await navigator.storage.getDirectory();
  const handle = await root.getFileHandle('tiny.gguf', { create: true });
  const writable = await handle.createWritable();
  await writable.write(bytes);
  await writable.close();
  const shared = new Uint8Array(new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true }).buffer);
  shared.set(new Uint8Array(bytes));
  const chunks = (size) => {
    let at = 0;
    return new ReadableStream({
      pull(controller) {
        if (at < bytes.byteLength) controller.enqueue(new Uint8Array(bytes).subarray(at, at + size));
        else controller.close();
        at += size;
      },
    });
  };
  return {
    URL: new URL(url),
    ArrayBuffer: bytes,
    Uint8Array: new Uint8Array(bytes),
    Float32Array: new Float32Array(large.buffer, 4, bytes.byteLength / 4),
    DataView: new DataView(large.buffer, 4, bytes.byteLength),
    'view of shared memory': shared.subarray(0, bytes.byteLength),
    Blob: new Blob([bytes]),
    '[Blob]': [new Blob([bytes])],
    FileList: transfer.files,
    FileSystemFileHandle: handle,
    'ArrayBuffer of a frame': new frame.Uint8Array(new Uint8Array(bytes)).buffer,
    'Blob of a frame': new frame.Blob([bytes]),
    Response: await fetch(url),
    'Response of bytes': new Response(bytes),
    ReadableStream: new Blob([bytes]).stream(),
    'ReadableStream of views': chunks(5000),
    '{ stream, size }': { stream: chunks(7777), size: bytes.byteLength },
    'ArrayBuffers of splits': await Promise.all(splits.map(async (each) => (await fetch(each)).arrayBuffer())),
  };
}
