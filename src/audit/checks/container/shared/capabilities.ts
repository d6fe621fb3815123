// SPDX-License-Identifier: Apache-2.0
import type { ContainerFacts } from '../../../facts/container.ts';

/** Those that Pod Security Standards Baseline lets a container have: they act on its own files, ids and ports. */
export const BASELINE: ReadonlySet<string> = new Set([
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_MKNOD',
  'CAP_NET_BIND_SERVICE',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
]);

/** Of all sets that the kernel shows, or of those planned where there is no process; undefined: not known. */
export function capabilitiesOf({ running, engine, plan, proof }: ContainerFacts): string[] | undefined {
  // Another engine's word is enough where the kernel was not asked.
  if (!running || (engine !== 'secure' && proof === null)) return plan === null ? undefined : [...plan.capabilities];
  const actual = proof?.capabilities?.actual;
  if (actual === undefined || !actual.includes('bounding:')) return undefined;
  return [...new Set(actual.match(/\bCAP_[A-Z0-9_]+/g) ?? [])].sort();
}
