/* The sampler's settings that a model's file recommends (general.sampling.*), in words. */

/** @import { Model } from '../engine/model.js' */

/** Names of settings in notes. */
const NAMES = {
  temperature: 'temperature',
  topK: 'top_k',
  topP: 'top_p',
  minP: 'min_p',
  repeatPenalty: 'repeat_penalty',
  penaltyLastN: 'penalty_last_n',
};

/**
 * A note about the settings that are not the usual defaults; '' if the file recommends none.
 * @param {Model} model
 */
export function samplingNote(model) {
  const { settings, unsupported, error } = model.recommended;
  if (error) return `the file's sampling settings are ignored, because they are invalid: ${error}`;
  const entries = Object.entries(settings);
  const list = entries.map(([name, value]) => `${NAMES[/** @type {keyof NAMES} */ (name)]} ${value}`).join(', ');
  const notes = [];
  if (entries.length) notes.push(`these sampling settings of the file apply unless others are given: ${list}`);
  if (unsupported)
    notes.push('the file also recommends Mirostat, XTC or an order of samplers, which are not supported');
  return notes.join('; ');
}
