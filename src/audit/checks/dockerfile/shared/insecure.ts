// SPDX-License-Identifier: Apache-2.0

import { option } from '../../../../runtime/images/dockerfile/fetch.ts';
import type { Command } from '../../../facts/dockerfile.ts';

const long = ({ args }: Command, ...names: string[]) =>
  args.find(({ value }) => names.includes(value.split('=')[0] ?? ''))?.value;
const isOff = (value: string | undefined) => /^(?:false|0|no|off|n)$/i.test(value?.trim() ?? '');

/** curl's `-k` in a cluster; letters behind one that takes a value are that value. */
function curlInsecure({ args }: Command): boolean {
  return args.some(({ value }, i) => {
    if (value === '--insecure' || value === '--proxy-insecure') return true;
    if (!/^-[A-Za-z0-9#]+$/.test(value) || /^-[A-Za-z]*[oHdXAebcuTmFxrwyYEzKPQCDhtU]$/.test(args[i - 1]?.value ?? ''))
      return false;
    const taking = value.slice(1).search(/[oHdXAebcuTmFxrwyYEzKPQCDhtU]/);
    return (taking < 0 ? value.slice(1) : value.slice(1, taking + 1)).includes('k');
  });
}

/** `npm config set strict-ssl false`, `git config --global http.sslVerify false` and the like. */
function configured({ args }: Command): string | undefined {
  for (const [i, { value }] of args.entries()) {
    const [key = '', inline] = value.split('=');
    const name = key.replace(/^-+/, '').toLowerCase();
    if (
      (name === 'strict-ssl' || /^http\..*sslverify$|^http\.sslverify$/.test(name)) &&
      isOff(inline ?? args[i + 1]?.value)
    )
      return `${key} ${inline ?? args[i + 1]?.value}`;
  }
  return undefined;
}

/** The part of a command that switches the check of a server's certificate off. */
export function tlsOff(command: Command): string | undefined {
  switch (command.name) {
    case 'curl':
      return curlInsecure(command) ? '-k' : undefined;
    case 'wget':
      return long(command, '--no-check-certificate');
    case 'pip':
    case 'pip3':
    case 'uv':
      return long(command, '--trusted-host', '--allow-insecure-host');
    case 'python':
    case 'python3':
      return command.args.some(({ value }) => value === 'pip') ? long(command, '--trusted-host') : undefined;
    case 'npm':
    case 'yarn':
    case 'pnpm':
    case 'git':
      return configured(command);
    case 'apt':
    case 'apt-get':
      return command.args.find(({ value }) => /Acquire::https?(?:::[^=]*)?::Verify-Peer=(?:false|0|no)/i.test(value))
        ?.value;
    case 'yum':
    case 'dnf':
    case 'microdnf':
      return command.args.find(({ value }) => /sslverify=(?:false|0|no)/i.test(value))?.value;
    case 'conda':
      return configured(command) ?? (option(command, 'k', ['insecure']) === undefined ? undefined : '--insecure');
    default:
      return undefined;
  }
}

/** Variables that do the same for a program and all it starts. */
export function tlsVariableOff(name: string, value: string | undefined): boolean {
  if (name === 'NODE_TLS_REJECT_UNAUTHORIZED' || name === 'PYTHONHTTPSVERIFY') return value === '0';
  if (name.toUpperCase() === 'NPM_CONFIG_STRICT_SSL') return isOff(value);
  if (name === 'GIT_SSL_NO_VERIFY') return value !== undefined && value !== '' && !isOff(value);
  return name === 'PIP_TRUSTED_HOST' && value !== undefined && value !== '';
}

/** Settings of package managers in a text; of a substitution, in what it puts in place. What lies on this machine needs no signature. */
function written(text: string, substitution: boolean): string | undefined {
  if (substitution)
    return /\/[^/]{0,100}(gpgcheck=0|SigLevel\s{0,8}=\s{0,8}Never|trusted=yes)[^/]{0,100}\/[gI]*$/.exec(text)?.[1];
  if (/\[[^\]]{0,100}trusted=yes[^\]]{0,100}\]\s{1,8}(?!file:|copy:|\.\/)\S/.test(text)) return 'trusted=yes';
  return /gpgcheck=0|SigLevel\s{0,8}=\s{0,8}Never/.exec(text)?.[0];
}

/** The part of a command that installs packages nobody signed. */
export function signaturesOff(command: Command): string | undefined {
  const { args } = command;
  switch (command.name) {
    case 'apt':
    case 'apt-get':
    case 'aptitude':
      return (
        long(
          command,
          '--allow-unauthenticated',
          '--allow-insecure-repositories',
          '--force-yes',
          '--no-allow-insecure-repositories=false',
        ) ??
        args.find(({ value }) =>
          /(?:APT::Get::AllowUnauthenticated|Acquire::AllowInsecureRepositories)=(?:true|1|yes)/i.test(value),
        )?.value
      );
    case 'apk':
      return long(command, '--allow-untrusted');
    case 'yum':
    case 'dnf':
    case 'microdnf':
    case 'tdnf':
      return (
        long(command, '--nogpgcheck', '--no-gpg-checks') ??
        args.find(({ value }) => /gpgcheck=(?:false|0|no)/i.test(value))?.value
      );
    case 'zypper':
      return long(command, '--no-gpg-checks', '--gpg-auto-import-keys', '--allow-unsigned-rpm');
    case 'rpm':
      return long(command, '--nosignature', '--nodigest', '--noverify');
    case 'pacman':
      return args.find(({ value }) => /SigLevel\s*=?\s*Never/i.test(value))?.value;
    case 'echo':
    case 'printf':
    case 'tee':
    case 'sed':
      return args
        .map(({ value }) => written(value.slice(0, 4096), command.name === 'sed'))
        .find((found) => found !== undefined);
    default:
      return undefined;
  }
}
