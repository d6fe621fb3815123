// SPDX-License-Identifier: Apache-2.0
// What policies are read by: files, and registries where a policy extends one of those.
import { fileIo, type PolicyInput, type PolicyIo } from '../policies/index.ts';

/** As `fileIo`, with registries, which are loaded when one is named. */
export function policyIo(inputs: PolicyInput[], cwd?: string): PolicyIo {
  return {
    ...fileIo(inputs, cwd),
    remote: async (reference, required) =>
      (await import('./policy-remote.ts')).remotePolicy(reference, required, inputs),
    digestOf: async (reference) => (await import('./policy-remote.ts')).remoteDigest(reference),
  };
}
