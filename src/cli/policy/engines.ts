// SPDX-License-Identifier: Apache-2.0
// What comes of the config.json of a bundle when an engine hands it to secure-runtime on this host, under the policy that it is reviewed by.
import { dirname, resolve } from 'node:path';
import { checkBundle } from '../../audit/facts/bundle.ts';
import type { EngineConfig, EngineDecision } from '../../policies/engines/config.ts';
import { decideEngine } from '../../policies/engines/decide.ts';
import type { EnginePolicy } from '../../policies/engines/types.ts';
import type { EffectivePolicy } from '../../policies/index.ts';
import type { Subject } from '../../policies/rules/evaluate.ts';
import { hostEngineFacts } from '../../runtime/engine-facts.ts';
import { compiledText } from '../../runtime/engine-policy.ts';

const compiled = new WeakMap<EffectivePolicy, EnginePolicy>();

function compiledOf(policy: EffectivePolicy): EnginePolicy {
  const made = compiled.get(policy) ?? (JSON.parse(compiledText(policy)) as EnginePolicy);
  compiled.set(policy, made);
  return made;
}

/** Undefined: no bundle of an engine. @throws SecureError AUDIT_UNREADABLE, RUNTIME_MISSING */
export function underEngine(policy: EffectivePolicy, { target, facts, file }: Subject): EngineDecision | undefined {
  const { ociVersion, secure } = (facts ?? {}) as { ociVersion?: unknown; secure?: unknown };
  // A plan of ours has been decided about.
  if (target !== 'plan' || file === undefined || ociVersion === undefined || secure !== undefined) return undefined;
  checkBundle(facts, file.path);
  return decideEngine(compiledOf(policy), hostEngineFacts('', resolve(dirname(file.path))), facts as EngineConfig);
}
