/* Detection of Node, and its modules. */

export const isNode = typeof process !== 'undefined' && process.versions?.node !== undefined;

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
