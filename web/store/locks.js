/* Web Locks that are held until they are released. */

/** @param {string} key of a model */
export const lockName = (key) => `quern:${key}`;
export const locksUsable = () => !!globalThis.navigator?.locks;

/** Why nothing can be stored here, if locksUsable() is false. */
export const whyNoStorage = () =>
  globalThis.isSecureContext === false
    ? 'only pages that are loaded over HTTPS or from localhost have storage'
    : 'this context has no storage';

/**
 * Takes a lock. Resolves to a function that releases it, or to null if another tab or worker holds it.
 * @template {boolean} [Wait=false]
 * @param {string} name
 * @param {LockMode} mode
 * @param {{ wait?: Wait }} [options] wait: until the lock is free
 * @returns {Promise<(() => Promise<void>) | (Wait extends true ? never : null)>}
 */
export function hold(name, mode, { wait } = {}) {
  return new Promise((resolve, reject) => {
    const request = navigator.locks.request(name, { mode, ifAvailable: !wait }, (lock) => {
      if (!lock) return resolve(/** @type {any} */ (null));
      return new Promise((release) => {
        resolve(async () => {
          release(undefined);
          await request; // the lock is free when this has resolved
        });
      });
    });
    request.catch(reject);
  });
}
