/* Token counts of requests. */

/** @import { Usage } from '../index.js' */

/**
 * @param {number} prompt
 * @param {number} completion
 * @param {number} cached tokens of the prompt that had been computed before
 * @returns {Usage}
 */
export const usageOf = (prompt, completion, cached) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  prompt_tokens_details: { cached_tokens: cached },
});

/**
 * @param {Usage | undefined} a
 * @param {Usage} b
 */
export const sumOfUsage = (a, b) =>
  a
    ? usageOf(
        a.prompt_tokens + b.prompt_tokens,
        a.completion_tokens + b.completion_tokens,
        a.prompt_tokens_details.cached_tokens + b.prompt_tokens_details.cached_tokens,
      )
    : b;
