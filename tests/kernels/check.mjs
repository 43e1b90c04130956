// Runs the module of the kernel check, in Node or a browser: check(bytes, seed, fault) → {text, status}.
// status: 0 if all variants agree with the reference, 1 if some do not, 2 if the module trapped.
export async function check(bytes, seed, fault) {
  const { instance } = await WebAssembly.instantiate(bytes, {});
  const { check_run, check_count, check_text, check_text_bytes, check_plant, memory } = instance.exports;
  if (fault !== undefined) check_plant(Number(fault));
  let failed;
  let trap;
  try {
    failed = check_run(Number(seed));
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    trap = `trapped: ${error.message}`;
  }
  const report = new TextDecoder().decode(new Uint8Array(memory.buffer, check_text(), check_text_bytes()));
  if (trap) return { text: `${report}\n${trap}`, status: 2 };
  const count = check_count();
  return { text: `${report}\n${count} variants checked, ${failed} failed`, status: failed === 0 && count > 0 ? 0 : 1 };
}
