/* Makes the demo and the examples into plain files for any static host, with minified scripts, styles and data:
 * node tools/make_site.mjs [folder]. `make site` builds the modules first. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = process.argv[2] ?? join(ROOT, 'build/site');
const PACKAGES = join(ROOT, 'tests/web');
const START = `<!doctype html>
<meta charset="utf-8">
<title>Quern</title>
<meta http-equiv="refresh" content="0; url=demo/">
<a href="demo/">The demo</a>
`;

/* By extension, functions (path, bytes) => minified. The minifiers come with the bundlers of tests/web. */
async function minifiers() {
  const rolldown = join(PACKAGES, 'node_modules/rolldown/dist/utils-index.mjs');
  if (!existsSync(rolldown))
    execFileSync('npm', ['ci', '--loglevel=error', '--no-audit', '--no-fund'], { cwd: PACKAGES, stdio: 'inherit' });
  const { minifySync } = await import(rolldown);
  const { transform } = createRequire(join(PACKAGES, 'package.json'))('lightningcss');
  return {
    '.js'(path, code) {
      /* Scripts outside a module share their global names. */
      const module = !/^(offline|isolate)\.js$/.test(path);
      const result = minifySync(path, code.toString(), { module });
      if (result.errors?.length) throw new Error(`${path}: ${result.errors[0].message}`);
      return result.code;
    },
    '.json': (_, text) => JSON.stringify(JSON.parse(text)),
    '.webmanifest': (_, text) => JSON.stringify(JSON.parse(text)),
    '.svg': (_, text) => text.toString().replace(/>\n\s*</g, '><'),
    '.css': (path, code) => transform({ filename: path, code, minify: true }).code,
  };
}

function copyFiles() {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  for (const name of readdirSync(join(ROOT, 'web'))) {
    if (!/^(api|engine|runtime|worker|sources|store|wasm|demo|examples|.*\.js)$/.test(name)) continue;
    cpSync(join(ROOT, 'web', name), join(OUT, name), {
      recursive: true,
      filter: (path) => !/\/extension$|\.sha256$/.test(path),
    });
  }
  /* A service worker controls only URLs below its own, and the engine's workers are in a folder next to the demo. */
  renameSync(join(OUT, 'demo/offline.js'), join(OUT, 'offline.js'));
  writeFileSync(join(OUT, 'index.html'), START);
}

execFileSync('python3', [join(ROOT, 'tools/package_wasm.py')], { stdio: 'inherit' });
execFileSync('python3', [join(ROOT, 'tools/vendor_demo.py')], { stdio: 'inherit' });
const minify = await minifiers();
copyFiles();
for (const path of readdirSync(OUT, { recursive: true })) {
  const minified = path.includes('vendor') ? undefined : minify[extname(path)]?.(path, readFileSync(join(OUT, path)));
  if (minified) writeFileSync(join(OUT, path), minified);
}
console.log(OUT);
