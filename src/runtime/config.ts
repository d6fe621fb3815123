// SPDX-License-Identifier: Apache-2.0
// Which profile is meant: flag > SECURE_PROFILE > ./secure.yaml > $XDG_CONFIG_HOME/secure/config.yaml >
// /etc/secure/config.yaml > default. Each place that was looked at is an input of the plan.
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { SecureError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import type { Inputs } from './inputs.ts';

export interface Configured {
  /** Name or absolute path. */
  readonly profile: string;
  /** Where it was said, for people: `--profile`, `SECURE_PROFILE`, a file, or `default`. */
  readonly origin: string;
}

const LIMIT = 64 * 1024;
const OTHERS_WRITE = 0o002;
const KEYS = ['profile'];

/** A path is written with a slash or as a YAML file; it counts from where it was written, not from where it is read. */
function located(value: string, base: string): string {
  const path = value.includes('/') || /\.ya?ml$/.test(value);
  return path && !isAbsolute(value) ? resolve(base, value) : value;
}

/**
 * A configuration file chooses how hard a container of this user is confined, so it must be theirs: somebody who can
 * write into a directory must not decide for whoever runs `secure` there.
 */
function checkOwner(path: string, uid: number, mode: number, inputs: Inputs): void {
  const sudo = inputs.env('SUDO_UID');
  const trusted = [
    0,
    process.geteuid?.() ?? 0,
    ...(sudo !== undefined && /^\d{1,10}$/.test(sudo) ? [Number(sudo)] : []),
  ];
  if (trusted.includes(uid) && (mode & OTHERS_WRITE) === 0) return;
  const why = trusted.includes(uid) ? 'everybody may write it' : `it belongs to user ${uid}`;
  throw new SecureError('CONFIG_INVALID', `configuration file ${path} is not trusted: ${why}`, {
    hint: 'name the profile with --profile, or make the file yours and chmod o-w it',
    position: { file: path },
  });
}

async function profileOf(path: string, inputs: Inputs): Promise<string | undefined> {
  const file = inputs.read(path, LIMIT);
  if (file === undefined) return undefined;
  checkOwner(path, file.uid, file.mode, inputs);
  const { LineCounter, parseDocument, isMap, isScalar } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(file.data.toString('utf8'), { lineCounter: lines, version: '1.2' });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { file: path, line, column: col };
  };
  const fail = (offset: number, message: string, hint?: string): SecureError =>
    new SecureError('CONFIG_INVALID', message, { position: at(offset), ...(hint === undefined ? {} : { hint }) });
  const [problem] = document.errors;
  if (problem !== undefined) throw fail(problem.pos[0], problem.message.split('\n')[0] ?? 'not YAML');
  if (document.contents === null) return undefined;
  if (!isMap(document.contents)) throw fail(0, 'a configuration file is a mapping', "for example 'profile: strict'");
  let profile: string | undefined;
  for (const { key, value } of document.contents.items) {
    const offset = isScalar(key) ? (key.range?.[0] ?? 0) : 0;
    const name = isScalar(key) ? String(key.value) : '';
    if (!KEYS.includes(name)) {
      const near = suggest(name, KEYS);
      throw fail(
        offset,
        `unknown key ${JSON.stringify(name)}`,
        near === undefined ? `known: ${KEYS.join(', ')}` : `did you mean ${near}?`,
      );
    }
    if (!isScalar(value) || typeof value.value !== 'string' || value.value === '') {
      throw fail(offset, 'profile is the name of a profile or the path of a policy file');
    }
    profile = value.value;
  }
  return profile;
}

/** @throws SecureError CONFIG_INVALID with the position, INVALID_VALUE for a file that cannot be read. */
export async function chooseProfile(flag: string | undefined, cwd: string, inputs: Inputs): Promise<Configured> {
  if (flag !== undefined) return { profile: located(flag, cwd), origin: '--profile' };
  const variable = inputs.env('SECURE_PROFILE');
  if (variable !== undefined && variable !== '') return { profile: located(variable, cwd), origin: 'SECURE_PROFILE' };
  for (const path of configFiles(cwd, inputs)) {
    const profile = await profileOf(path, inputs);
    if (profile !== undefined) return { profile: located(profile, dirname(path)), origin: path };
  }
  return { profile: 'default', origin: 'default' };
}

function* configFiles(cwd: string, inputs: Inputs): Generator<string> {
  yield join(cwd, 'secure.yaml');
  const xdg = inputs.env('XDG_CONFIG_HOME');
  // The XDG specification has relative values ignored.
  const home = xdg !== undefined && isAbsolute(xdg) ? xdg : inputs.env('HOME');
  if (home !== undefined && isAbsolute(home))
    yield home === xdg ? join(home, 'secure', 'config.yaml') : join(home, '.config', 'secure', 'config.yaml');
  yield '/etc/secure/config.yaml';
}
