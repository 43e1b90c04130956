/* The list of models in models.json, and the names and defaults of models. */
let list = [];

export const catalog = () => list;

/* Without the list, URLs and files still work. */
export async function fetchCatalog() {
  list = await fetch('models.json')
    .then((response) => response.json())
    .catch(() => []);
}

/* The name of a source's file. from: a URL, a File or { file }. */
export function fileOf(from) {
  if (from instanceof File) return from.name;
  const name = (from.file ?? new URL(from, location.href).pathname).split('/').at(-1);
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // not UTF-8
  }
}

export const sourceOf = ({ url, repo, file }) => (url ? new URL(url, location.href).href : { repo, file });

/* A URL of a source; for a file on Hugging Face, the one that the package uses. */
export const urlTo = (from) => (from.repo ? `https://huggingface.co/${from.repo}/resolve/main/${from.file}` : from);

/* Whether a URL is that of a source. */
export const isUrlOf = (from, url) =>
  from.repo ? url.includes(`/${from.repo}/`) && url.endsWith(`/${from.file}`) : url === from;

const QUANTIZATION = /[-._](ud[-_])?(i?q\d\w*|tq\d\w*|b?f\d+|mxfp4\w*)$/;

/* A file's name without its split and quantization: the same for all files of a model. */
export const modelOf = (file) =>
  file
    .toLowerCase()
    .replace(/\.gguf$/, '')
    .replace(/-\d{5}-of-\d{5}$/, '')
    .replace(QUANTIZATION, '');

const isSame = (from) => (entry) => modelOf(fileOf(sourceOf(entry))) === modelOf(fileOf(from));
const isExact = (from) => (entry) => typeof from === 'string' && isUrlOf(sourceOf(entry), from);

/* A readable name: that of the list, or the file's without .gguf. */
export function nameOf(from) {
  const entry = list.find(isExact(from)) ?? list.find(isSame(from));
  return entry?.name ?? fileOf(from).replace(/\.gguf$/i, '');
}

/* The settings that the list recommends for a model. */
export const recommendedFor = (from) => list.find((entry) => entry.settings && isSame(from)(entry))?.settings;
