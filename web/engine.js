/* quern/engine: the C API as classes, for any JavaScript host. engine.d.ts documents them; include/quern.h documents
 * the API below. Nothing here depends on Node or on browsers. */
export { LOGITS_ALL, LOGITS_LAST, LOGITS_NONE, POOLINGS } from './engine/constants.js';
export { Engine } from './engine/engine.js';
export { QuernError } from './engine/error.js';
export { Grammar } from './engine/grammar.js';
export { Model, StreamDecoder } from './engine/model.js';
export { Format, Output } from './engine/output.js';
export { Prompt } from './engine/prompt.js';
export { Session } from './engine/session.js';
