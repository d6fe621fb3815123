// SPDX-License-Identifier: Apache-2.0
import type { Context } from './context.ts';

/** `cpu*` stands for each processor: masks are places, not patterns, and one that is missing is skipped. */
function expand(path: string, cpus: number): string[] {
  if (!path.includes('/cpu*/')) return [path];
  return Array.from({ length: cpus }, (_, n) => path.replace('/cpu*/', `/cpu${n}/`));
}

interface Masks {
  maskedPaths: string[];
  readonlyPaths: string[];
}

export function maskLists({ policy, host }: Context): Masks {
  return {
    maskedPaths: policy.run.maskedPaths.value.flatMap((path) => expand(path, host.cpus)),
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
