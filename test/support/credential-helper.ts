// SPDX-License-Identifier: Apache-2.0
// A credential helper as docker calls them, which keeps everything in one file and remembers how it was called.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SCRIPT = (file: string) => `#!${process.execPath}
const { readFileSync, writeFileSync, appendFileSync, existsSync } = require('node:fs');
const action = process.argv[2];
const input = readFileSync(0, 'utf8');
const file = ${JSON.stringify(file)};
const all = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
appendFileSync(file + '.calls', JSON.stringify([process.argv.slice(2), action === 'store' ? JSON.parse(input).ServerURL : input]) + '\\n');
const nothing = () => { process.stdout.write('credentials not found in native keychain\\n'); process.exit(1); };
if (action === 'get') {
  const server = input.trim();
  if (all[server] === undefined) nothing();
  process.stdout.write(JSON.stringify({ ServerURL: server, ...all[server] }));
} else if (action === 'store') {
  const { ServerURL, Username, Secret } = JSON.parse(input);
  all[ServerURL] = { Username, Secret };
  writeFileSync(file, JSON.stringify(all));
} else if (action === 'erase') {
  if (all[input.trim()] === undefined) nothing();
  delete all[input.trim()];
  writeFileSync(file, JSON.stringify(all));
}
`;

export interface Helper {
  /** For PATH. */
  readonly path: string;
  /** By server. */
  readonly content: () => Record<string, { Username: string; Secret: string }>;
  /** Arguments and server of each call. */
  readonly calls: () => [string[], string][];
}

/** Install `docker-credential-NAME` below a directory. */
export function installHelper(
  directory: string,
  name: string,
  content: Record<string, { Username: string; Secret: string }> = {},
): Helper {
  const file = join(directory, `${name}.json`);
  writeFileSync(file, JSON.stringify(content));
  const path = installScript(directory, name, SCRIPT(file));
  const lines = () => (existsSync(`${file}.calls`) ? readFileSync(`${file}.calls`, 'utf8').trim().split('\n') : []);
  return {
    path,
    content: () => JSON.parse(readFileSync(file, 'utf8')),
    calls: () => lines().map((line) => JSON.parse(line)),
  };
}

/** The same with any script. Returns a value for PATH. */
export function installScript(directory: string, name: string, script: string): string {
  const bin = join(directory, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, `docker-credential-${name}`), script);
  chmodSync(join(bin, `docker-credential-${name}`), 0o755);
  return `${bin}:/usr/bin:/bin`;
}
