/* Web Locks, held until they are let go. */

export const lockName = (key) => `quern:${key}`;
export const locksUsable = () => !!globalThis.navigator?.locks;

/* A function that lets go of the lock, or null when another tab or worker has it. With `wait` it is waited for. */
export function hold(name, mode, { wait = false } = {}) {
  return new Promise((resolve, reject) => {
    const request = navigator.locks.request(name, { mode, ifAvailable: !wait }, (lock) => {
      if (!lock) return resolve(null);
      return new Promise((release) => {
        resolve(async () => {
          release();
          await request; // so that the lock is free when this has resolved
        });
      });
    });
    request.catch(reject);
  });
}
