/* Starts an engine in Node: node start_engine.mjs MODULE. */
import { readFileSync } from 'node:fs';
import { Engine } from '../../web/engine.js';

const engine = await Engine.start(readFileSync(process.argv[2]));
await engine.stop();
console.log('started');
