// SPDX-License-Identifier: Apache-2.0
// What is refused of an instruction whatever the stage looks like when it is its turn.
import type { Instructed } from './metadata.ts';
import { invalid } from './problems.ts';

const FLAGS: Readonly<Record<string, readonly string[]>> = {
  RUN: ['mount', 'network', 'security'],
  COPY: ['from', 'chown', 'chmod', 'link', 'parents', 'exclude'],
  ADD: ['chown', 'chmod', 'link', 'checksum', 'keep-git-dir', 'exclude'],
  HEALTHCHECK: ['interval', 'timeout', 'start-period', 'start-interval', 'retries'],
};

/** @throws SecureError BUILD_FAILED for a flag that is not known, and for what would take the confinement away */
export function checkFlags(step: Pick<Instructed, 'instruction' | 'file'>): void {
  const { keyword, flags } = step.instruction;
  for (const { name, value } of flags) {
    if (keyword !== 'FROM' && !(FLAGS[keyword] ?? []).includes(name))
      throw invalid(
        step,
        `--${name} is not known`,
        'check the spelling; what needs "# syntax=" of another builder is not available',
      );
    if (name === 'security' && value !== 'sandbox')
      throw invalid(step, '--security=insecure: no step is run without confinement', 'leave it out');
    if (name === 'network' && !['none', 'default'].includes(value) && !value.includes('$'))
      throw invalid(step, `--network=${value}: a step gets no network of the host`, 'use default or none');
  }
}
