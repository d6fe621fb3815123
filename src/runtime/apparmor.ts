// SPDX-License-Identifier: Apache-2.0
// Profiles that were made for a plan: compiled for this kernel and loaded, once for all plans that are equal.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { SecureError } from '../errors.ts';

const KERNEL = '/sys/kernel/security/apparmor';

const PARSERS = ['/sbin/apparmor_parser', '/usr/sbin/apparmor_parser'];

/** apparmor_parser(8), never by PATH; '' when it is not installed. */
export function appArmorParser(): string {
  return PARSERS.find((path) => existsSync(path)) ?? '';
}

/** Loaded, and what it does not grant is refused instead of only being written down. */
export function isEnforced(list: string, name: string): boolean {
  return list.split('\n').includes(`${name} (enforce)`);
}

function enforced(name: string): boolean {
  try {
    return isEnforced(readFileSync(`${KERNEL}/profiles`, 'utf8'), name);
  } catch {
    return false;
  }
}

/**
 * Compile `text` and load it, unless `name` is loaded already. The kernel's own features are
 * asked for: by distributions' defaults rules are left out that are newer than a pinned list.
 * @throws SecureError CONTROL_UNAVAILABLE
 */
export function loadAppArmor(name: string, text: string): void {
  if (enforced(name)) return;
  const parser = appArmorParser();
  const features = `${KERNEL}/features`;
  const options = ['--replace', '--skip-cache', '--policy-features', features, '--kernel-features', features];
  const { status, stderr, error } = spawnSync(parser, options, { input: text, encoding: 'utf8', env: {} });
  if (status === 0 && enforced(name)) return;
  const why = error?.message ?? (stderr.trim().split('\n')[0] || `exit code ${status}`);
  throw new SecureError('CONTROL_UNAVAILABLE', `lsm: ${parser} did not load profile ${name}: ${why}`, {
    hint: `the profile is in the plan: --dry-run --json; is ${KERNEL} writable for this process?`,
  });
}
