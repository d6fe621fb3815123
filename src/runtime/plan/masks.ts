// SPDX-License-Identifier: Apache-2.0
import { eachProcessor } from '../../policies/index.ts';
import type { Context } from './context.ts';

interface Masks {
  maskedPaths: string[];
  readonlyPaths: string[];
}

export function maskLists({ policy, host }: Context): Masks {
  return {
    maskedPaths: policy.run.maskedPaths.value.flatMap((path) => eachProcessor(path, host.cpus)),
    readonlyPaths: [...policy.run.readonlyPaths.value],
  };
}

/** Kernel interfaces that are hidden or protected from change. */
export function planMasks(context: Context): Masks {
  const { policy, reasons } = context;
  const masked = policy.run.maskedPaths;
  const readonly = policy.run.readonlyPaths;
  reasons.add({
    control: 'masked-paths',
    decision: `${masked.value.length} hidden`,
    by: masked.by,
    why: 'kernel interfaces that tell about the host',
  });
  reasons.add({
    control: 'readonly-paths',
    decision: `${readonly.value.length} protected`,
    by: readonly.by,
    why: 'kernel interfaces that change the host',
  });
  return maskLists(context);
}
