// SPDX-License-Identifier: Apache-2.0

import { option } from '../../../../runtime/images/dockerfile/fetch.ts';
import type { Command } from '../../../facts/dockerfile.ts';
import { credentialIn, secretIn } from '../../../secrets.ts';

/** Variables, and what a secret mount gives, are no secrets. */
const isLiteral = (value: string) => value !== '' && !/[$`<]|\/run\/secrets\//.test(value);

/** What in a command is a secret by its form or by the option it is given to. `what` names the place, never the value. */
export function commandSecret(command: Command): { what: string; why: string } | undefined {
  for (const { name, value } of command.assignments) {
    const why = isLiteral(value) ? secretIn(name, value) : undefined;
    if (why !== undefined) return { what: name, why: `${name}: ${why}` };
  }
  for (const { value } of command.args) {
    const form = credentialIn(value);
    if (form !== undefined) return { what: form, why: `a word of it is ${form}` };
    // `export NAME=value`, `--build-arg NAME=value`, `--password=value`.
    const equals = value.indexOf('=');
    const assigned = ['export', 'declare', 'local', 'readonly'].includes(command.name) || value.startsWith('--');
    if (equals < 0 || !assigned || !isLiteral(value.slice(equals + 1))) continue;
    const name = value.slice(0, equals).replace(/^--?/, '');
    const why = secretIn(name, value.slice(equals + 1));
    if (why !== undefined) return { what: name, why: `${name}: ${why}` };
  }
  if (command.name === 'curl') {
    const user = option(command, 'u', ['user', 'proxy-user']);
    if (user !== undefined && isLiteral(user) && /^[^:]+:.+/.test(user))
      return { what: '--user', why: 'a password is given with --user' };
  }
  const password = ['wget', 'mysql', 'docker', 'podman', 'helm', 'svn'].includes(command.name)
    ? option(command, '', ['password', 'http-password', 'ftp-password'])
    : undefined;
  if (password !== undefined && isLiteral(password))
    return { what: '--password', why: 'a password is given with --password' };
  return undefined;
}
