/* Values of enumerations in include/quern.h. */

/** @import { Pooling, WeightOrder } from '../engine.js' */

/** Values of qn_status that JavaScript acts on. */
export const STATUS = { more: 1, wait: 2, argument: -1, format: -2, memory: -4, limit: -8 };

/** Values of qn_pooling by name. @type {Record<Pooling, number>} */
export const POOLINGS = { model: -1, none: 0, mean: 1, cls: 2, last: 3 };

/** Values of qn_logits: for which of the queued tokens logits are computed. */
export const LOGITS_NONE = 0;
export const LOGITS_LAST = 1;
export const LOGITS_ALL = 2;

/** Values of qn_order, by their position. @type {WeightOrder[]} */
export const WEIGHT_ORDERS = ['distant', 'distant-prefetch'];
