// SPDX-License-Identifier: Apache-2.0
// Settings of an image as texts of a command line.
import { constants } from 'node:os';
import { SecureError } from '../../errors.ts';
import type { ImageSettings } from './import/rootfs.ts';

export interface SettingsText {
  readonly user?: string | undefined;
  readonly env?: readonly string[] | undefined;
  readonly entrypoint?: string | undefined;
  readonly cmd?: string | undefined;
  readonly workdir?: string | undefined;
  readonly port?: readonly string[] | undefined;
  readonly label?: readonly string[] | undefined;
  readonly volume?: readonly string[] | undefined;
  readonly 'stop-signal'?: string | undefined;
}

function invalid(flag: string, text: string, expected: string): SecureError {
  return new SecureError('INVALID_VALUE', `--${flag}: ${JSON.stringify(text.slice(0, 200))} is not ${expected}`);
}

/** `["nginx", "-g", "daemon off;"]`, or words between blanks where nothing would need quoting. */
function command(flag: string, text: string): string[] {
  const expected = 'a command: write words, or a JSON list such as ["nginx", "-g", "daemon off;"]';
  let words: unknown = text.split(/\s+/).filter((word) => word !== '');
  if (text.trimStart().startsWith('[')) {
    try {
      words = JSON.parse(text);
    } catch {
      throw invalid(flag, text, expected);
    }
  } else if (/["'\\$`|&;<>]/.test(text)) {
    // It looks like shell, which nothing here would interpret.
    throw invalid(flag, text, expected);
  }
  const valid =
    Array.isArray(words) && words.length > 0 && words.every((word) => typeof word === 'string' && !word.includes('\0'));
  if (!valid) throw invalid(flag, text, expected);
  return words as string[];
}

function port(text: string): string {
  const [, number = '', protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(text) ?? [];
  if (number === '' || Number(number) < 1 || Number(number) > 65535)
    throw invalid('port', text, 'a port such as 80 or 53/udp');
  return `${Number(number)}/${protocol}`;
}

function pair(flag: string, text: string): string {
  if (text.indexOf('=') < 1 || text.includes('\0')) throw invalid(flag, text, 'NAME=VALUE');
  return text;
}

function user(text: string): string {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*(?::[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/.test(text))
    throw invalid('user', text, 'USER[:GROUP]');
  return text;
}

function absolute(flag: string, text: string, expected: string): string {
  if (!text.startsWith('/') || /[\0\n]/.test(text)) throw invalid(flag, text, expected);
  return text;
}

/** As docker has it: SIGTERM, TERM, 15, SIGRTMIN+3. */
function signal(text: string): string {
  const [, name = '', number] = /^(?:SIG)?([A-Z][A-Z0-9]*)(?:[+-]\d{1,2})?$|^(\d{1,2})$/.exec(text) ?? [];
  const known =
    number === undefined
      ? /^RTM(?:IN|AX)$/.test(name) || `SIG${name}` in constants.signals
      : Number(number) >= 1 && Number(number) <= 64;
  if (!known) throw invalid('stop-signal', text, 'a signal such as SIGTERM or 15');
  return text;
}

/** Throws INVALID_VALUE naming the flag. */
export function parseSettings(text: SettingsText): ImageSettings {
  const { workdir, volume, 'stop-signal': stop } = text;
  const labels = text.label?.map((label) => pair('label', label).split(/=(.*)/s).slice(0, 2) as [string, string]);
  return {
    ...(text.user === undefined ? {} : { user: user(text.user) }),
    ...(text.env === undefined ? {} : { env: text.env.map((entry) => pair('env', entry)) }),
    ...(text.entrypoint === undefined ? {} : { entrypoint: command('entrypoint', text.entrypoint) }),
    ...(text.cmd === undefined ? {} : { cmd: command('cmd', text.cmd) }),
    ...(workdir === undefined ? {} : { workingDir: absolute('workdir', workdir, 'an absolute path') }),
    ...(text.port === undefined ? {} : { exposedPorts: text.port.map(port) }),
    ...(volume === undefined ? {} : { volumes: volume.map((path) => absolute('volume', path, 'an absolute path')) }),
    ...(stop === undefined ? {} : { stopSignal: signal(stop) }),
    ...(labels === undefined ? {} : { labels: Object.fromEntries(labels) }),
  };
}
