/**
 * quern/worker: the script of the dedicated worker that runs a model for a page. It serves calls of `loadModel` of
 * 'quern' and exports nothing. Its address is needed only for the option `worker` of `loadModel`.
 */
export {};
