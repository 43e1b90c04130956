/**
 * Runs checks one after another. Prints a line of JSON for each: its name, and its error or null.
 * @param {Record<string, () => unknown>} checks
 */
export async function printChecks(checks) {
  for (const [name, check] of Object.entries(checks)) {
    let wrong = null;
    try {
      await check();
    } catch (error) {
      wrong = error.stack;
    }
    process.stdout.write(`${JSON.stringify({ name, wrong })}\n`);
  }
}
