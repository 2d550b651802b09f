#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { command } from './command.js';
import { ownPackage } from './own-package.js';

const { stdout, stderr } = process;
const said = await command(process.argv.slice(2), {
  stdout,
  stderr,
  version: () => (JSON.parse(readFileSync(ownPackage(), 'utf8')) as { version: string }).version,
});
// What a scenario file left open does not keep the process.
stdout.write('', () => stderr.write('', () => process.exit(said)));
