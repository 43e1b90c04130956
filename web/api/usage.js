/* Token counts of requests. */

/** @import { Usage } from '../index.js' */

/**
 * @param {number} prompt
 * @param {number} completion
 * @param {number} cached tokens of the prompt that had been computed before
 * @param {number} [reasoning] tokens of the answer that are reasoning
 * @returns {Usage}
 */
export const usageOf = (prompt, completion, cached, reasoning = 0) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  prompt_tokens_details: { cached_tokens: cached },
  completion_tokens_details: { reasoning_tokens: reasoning },
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
        a.completion_tokens_details.reasoning_tokens + b.completion_tokens_details.reasoning_tokens,
      )
    : b;
