/* The demo and the examples as plain files for any static host, scripts without comments and in short: node tools/make_site.mjs
 * [folder]. `make site` builds the modules first. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = process.argv[2] ?? join(ROOT, 'build/site');
const PACKAGES = join(ROOT, 'tests/web');
const START =
  '<!doctype html>\n<meta charset="utf-8">\n<title>Quern</title>\n<meta http-equiv="refresh" content="0; url=demo/">\n<a href="demo/">The demo</a>\n';

async function minifier() {
  const minifiers = join(PACKAGES, 'node_modules/rolldown/dist/utils-index.mjs');
  if (!existsSync(minifiers))
    execFileSync('npm', ['ci', '--silent', '--no-audit', '--no-fund'], { cwd: PACKAGES, stdio: 'inherit' });
  return (await import(minifiers)).minifySync;
}

/* The scripts that run outside a module share their names with each other. */
const isModule = (path) => !/^(offline|isolate)\.js$/.test(path);

execFileSync('python3', [join(ROOT, 'tools/package_wasm.py')], { stdio: 'inherit' });
execFileSync('python3', [join(ROOT, 'tools/vendor_demo.py')], { stdio: 'inherit' });
const minify = await minifier();
rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
for (const name of readdirSync(join(ROOT, 'web'))) {
  if (!/^(api|engine|runtime|worker|sources|store|wasm|demo|examples|.*\.js)$/.test(name)) continue;
  cpSync(join(ROOT, 'web', name), join(OUT, name), {
    recursive: true,
    filter: (path) => !/\/extension$|\.sha256$/.test(path),
  });
}
/* A service worker controls only what is below its own address, and the engine's workers are beside the demo. */
renameSync(join(OUT, 'demo/offline.js'), join(OUT, 'offline.js'));
writeFileSync(join(OUT, 'index.html'), START);
for (const path of readdirSync(OUT, { recursive: true })) {
  if (!path.endsWith('.js') || path.includes('vendor')) continue;
  const { code, errors } = minify(path, readFileSync(join(OUT, path), 'utf8'), { module: isModule(path) });
  if (errors?.length) throw new Error(`${path}: ${errors[0].message}`);
  writeFileSync(join(OUT, path), code);
}
console.log(OUT);
