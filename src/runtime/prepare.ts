// SPDX-License-Identifier: Apache-2.0
// Gathers what a plan is decided from: the one place of `secure run` that reads the host, the image and the policy.
import { type EffectivePolicy, loadPolicy, type PolicyInput, signatureRules } from '../policies/index.ts';
import { hostInputs, readHost } from './host.ts';
import type { OnEvent } from './images/events.ts';
import type { ImageRecord } from './images/records.ts';
import type { StoreRoots } from './images/roots.ts';
import { ImageStore } from './images/store.ts';
import { imageSubject } from './images/subject.ts';
import type { Inputs } from './inputs.ts';
import { createPlan, type Plan } from './plan/plan.ts';
import type { ImageFacts, NetworkSettings, RunRequest } from './plan/types.ts';
import { policyIo } from './policy-io.ts';
import { type PullMode, resolveImage } from './resolve.ts';
import { enforceRules } from './rules.ts';

export interface Pull {
  readonly mode: PullMode;
  /** Progress of a download. */
  readonly onEvent: OnEvent;
}

/** Certificates are read from an image only when some are to be added to them. */
async function withBundles(image: ImageFacts, request: RunRequest): Promise<ImageFacts> {
  if (request.extraCas.length === 0) return image;
  const { caBundles } = await import('./images/bundles.ts');
  return { ...image, caBundles: caBundles(image.layers.map(({ path }) => path)) };
}

/** What the policy requires of the image's signatures is looked at again at each start. */
export async function signaturesOf(
  record: ImageRecord,
  policy: EffectivePolicy,
  inputs: Inputs,
  { state }: StoreRoots,
  offline: boolean,
): Promise<Pick<ImageFacts, 'signatures'>> {
  const { reference, digest, index, origin } = record;
  if (signatureRules(policy, reference).length === 0) return {};
  const { checkSigned } = await import('./signed.ts');
  const digests = index === undefined ? [digest] : [digest, index];
  // Only what came from a registry has one where its signatures are.
  return {
    signatures: await checkSigned(state, { reference, digests }, policy, inputs, {
      offline: offline || origin !== 'pulled',
      pulled: origin === 'pulled',
    }),
  };
}

/**
 * The finished plan for a request.
 * @throws SecureError IMAGE_NOT_FOUND, REGISTRY_*, PROFILE_UNKNOWN, POLICY_*, CONTROL_UNAVAILABLE and all others of the plan
 */
export async function preparePlan(
  request: RunRequest & { profile: string },
  cwd: string,
  inputs: Inputs,
  roots: StoreRoots,
  pull: Pull,
  network: NetworkSettings,
): Promise<Plan> {
  const read: PolicyInput[] = [];
  const policy = await loadPolicy(request.profile, policyIo(read, cwd));
  inputs.add(...read);
  const store = await ImageStore.open(roots, pull.onEvent);
  const { record, path, absent } = await resolveImage(store, request, policy, pull.mode, inputs);
  inputs.add(...absent.map((missing) => ({ kind: 'absent' as const, path: missing })));
  inputs.stat(path);
  const signatures = await signaturesOf(record, policy, inputs, roots, pull.mode === 'never');
  const image = await withBundles({ ...(await store.factsOf(record)), ...signatures }, request);
  const host = await readHost(inputs);
  inputs.add(...hostInputs(host));
  const plan = createPlan({ request, image, policy, host, network, roots, inputs: inputs.records });
  const reasons = await enforceRules(policy, [
    imageSubject(image),
    { target: 'plan', name: image.reference, facts: plan },
  ]);
  return reasons.length === 0
    ? plan
    : { ...plan, secure: { ...plan.secure, reasons: [...plan.secure.reasons, ...reasons] } };
}
