/* Detection of Node, and its modules. */

const isServer = 'Deno' in globalThis || 'Bun' in globalThis;
/** Emulations of a document in Node, such as jsdom, have no workers. */
const isPage = typeof document !== 'undefined' && typeof Worker !== 'undefined';
const isPageWorker = typeof WorkerGlobalScope !== 'undefined' && !isServer;

/** Whether this is Node or a server like it. Electron's pages and workers can have Node's `process`, but are a browser's. */
export const isNode =
  typeof process !== 'undefined' && process.versions?.node !== undefined && !isPage && !isPageWorker;

/**
 * Imports a module of Node. The name is computed so that bundlers for pages ignore the import.
 * @template {keyof NodeModules} Name
 * @param {Name} name
 * @returns {Promise<NodeModules[Name]>}
 */
export const node = (name) => import(/* @vite-ignore */ /* webpackIgnore: true */ `node:${name}`);

/**
 * @typedef {{
 *   fs: typeof import('node:fs'),
 *   'fs/promises': typeof import('node:fs/promises'),
 *   os: typeof import('node:os'),
 *   url: typeof import('node:url'),
 *   worker_threads: typeof import('node:worker_threads'),
 * }} NodeModules
 */
