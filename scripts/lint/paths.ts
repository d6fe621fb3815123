// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type Problem, type Rule, sourceFiles } from './rule.ts';

// Places that every system has, so that naming them says nothing about the machine at hand.
const everywhere = new Set(['/', '/root', '/home', '/tmp', '/var/tmp', '/usr', '/opt', '/srv', '/var', '/mnt', '/src']);
const binary = /\.(?:png|gz|zst|tar|node|wasm|ico)$/;

function quote(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Nothing names the directory that this checkout, or the home of who works on it, happens to be in. */
export const paths: Rule = {
  name: 'no path of this machine',
  async check(root) {
    const here = resolve(root);
    // Beside the checkout itself its neighbours; the parent alone may be an ordinary word such as `/work`.
    const parent = dirname(here);
    const neighbours = everywhere.has(parent) ? [] : (await readdir(parent)).map((name) => join(parent, name));
    const places = [here, ...neighbours, homedir()].filter((place) => !everywhere.has(place));
    // Whole paths only: the tail of a longer path is another place.
    const pattern = new RegExp(`(?<![\\w.$}>)~-])(?:${places.map(quote).join('|')})(?![\\w.-])`);
    const registry = /"resolved":\s*"https?:\/\/(?!registry\.npmjs\.org\/)/;
    const problems: Problem[] = [];
    for (const file of await sourceFiles(root, (path) => !binary.test(path))) {
      for (const [index, text] of (await readFile(join(root, file), 'utf8')).split('\n').entries()) {
        if (pattern.test(text)) problems.push({ file, line: index + 1, message: 'names a path of this machine' });
        if (file === 'package-lock.json' && registry.test(text))
          problems.push({ file, line: index + 1, message: 'names a registry other than registry.npmjs.org' });
      }
    }
    return problems;
  },
};
