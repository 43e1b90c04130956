/* The interface of a store of model files; opfs.js and cache.js implement it. */

/**
 * One file of a model. Reading and writing need openReading() or openWriting() first.
 * @typedef {object} StoreFile
 * @property {() => Promise<{ text: string, bytes: number } | null>} peek the journal, and the length of the data
 *   (Infinity if unknown); null if nothing is stored
 * @property {() => Promise<void>} openReading
 * @property {(text: string, size: number) => Promise<void>} openWriting text: the journal so far; size: bytes of the
 *   file
 * @property {(text: string) => Promise<void> | void} append adds to the journal
 * @property {(bytes: Uint8Array, at: number) => Promise<void> | void} write one whole block
 * @property {(bytes: Uint8Array, at: number) => Promise<number>} read within one block; returns how many bytes there
 *   were
 * @property {() => void} close
 *
 * @typedef {object} Store
 * @property {() => boolean} writable whether models can be stored from here
 * @property {() => boolean} present whether models can be listed and deleted from here
 * @property {(key: string, count: number, create?: boolean) => Promise<StoreFile[]>} files of a model; none if it is
 *   not stored
 * @property {() => Promise<string[]>} keys of all models
 * @property {(key: string) => Promise<void>} remove deletes the journals first: what is left after an error does not
 *   count
 * @property {(key: string) => Promise<void>} touch sets when a model was used last
 * @property {(key: string) => Promise<string | null | undefined>} used when that was
 */

export {};
