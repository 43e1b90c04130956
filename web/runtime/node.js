/* Node beside browsers. Its modules are imported by a name that bundlers for pages leave alone. */
export const isNode = typeof process !== 'undefined' && process.versions?.node !== undefined;
export const node = (name) => import(/* @vite-ignore */ /* webpackIgnore: true */ `node:${name}`);
