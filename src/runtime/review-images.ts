// SPDX-License-Identifier: Apache-2.0
// Images that are reviewed: of the store, of a registry, of an archive; with what a run would say of their origin and their signatures.
import { statSync } from 'node:fs';
import { SecureError } from '../errors.ts';
import { type EffectivePolicy, type Source, signatureRules } from '../policies/index.ts';
import type { Subject } from '../policies/rules/evaluate.ts';
import type { LookedAt, LookOptions } from './images/look/looked.ts';
import { parseReference } from './images/reference.ts';
import { rootsFromEnv } from './images/roots.ts';
import type { ImageStore } from './images/store.ts';
import { imageSubject } from './images/subject.ts';
import { Inputs } from './inputs.ts';
import { checkOrigin, checkRejected } from './plan/image.ts';
import { signaturesOf } from './prepare.ts';

/** What comes of an image's name, origin and signatures, beside its rules. */
export interface Admission {
  readonly status: 'pass' | 'fail' | 'unknown';
  readonly message: string;
  readonly by: Source;
}
export interface ReviewedImage {
  readonly subject: Subject;
  /** Undefined: the policy asks for nothing. */
  readonly admission?: Admission;
}

const REGISTRY = 'docker://';
export const namesRegistry = (target: string): boolean => target.startsWith(REGISTRY);

/** Where the policy asks for something of such an image; undefined: nowhere. */
function askedBy(policy: EffectivePolicy, { reference, origin }: Pick<LookedAt, 'reference' | 'origin'>) {
  const [rule] = signatureRules(policy, reference);
  const setting = policy.run[`origins.${origin}`];
  return rule?.by ?? (['refuse', 'signature'].includes(setting.value) ? setting.by : undefined);
}

type Signatures = LookedAt['signatures'];

/** The same refusals as in a run, but for `--trust`, which is said there. */
function admitted(policy: EffectivePolicy, image: LookedAt, failure: SecureError | undefined): ReviewedImage {
  const subject = imageSubject(image);
  const by = askedBy(policy, image);
  if (by === undefined) return { subject };
  const said = (status: Admission['status'], message: string) => ({ subject, admission: { status, message, by } });
  const { reference, origin, signatures = [] } = image;
  try {
    if (failure !== undefined) throw failure;
    checkRejected(policy, reference);
    checkOrigin(`${reference} was ${origin}`, origin, { policy, request: { trust: true } }, signatures.length > 0);
    return said('pass', '');
  } catch (error) {
    if (!(error instanceof SecureError)) throw error;
    return said('fail', error.message);
  }
}

/** Signatures, or why there are none that count; what is wrong with keys, registries and roots of trust ends the review. */
async function verdict(find: () => Promise<Signatures>): Promise<{ signatures?: Signatures; failure?: SecureError }> {
  try {
    return { signatures: await find() };
  } catch (error) {
    const counts =
      error instanceof SecureError && ['SIGNATURE_MISSING', 'SIGNATURE_INVALID', 'POLICY_DENIED'].includes(error.code);
    if (counts) return { failure: error };
    throw error;
  }
}

async function ofRegistry(text: string, policy: EffectivePolicy, options: LookOptions): Promise<ReviewedImage> {
  const { lookIntoRegistry } = await import('./images/look/registry.ts');
  const reference = parseReference(text.slice(REGISTRY.length));
  let failure: SecureError | undefined;
  const image = await lookIntoRegistry(reference, {
    ...options,
    async signatures(client, name, digests) {
      if (signatureRules(policy, name).length === 0) return undefined;
      const { signaturesThere } = await import('./signed.ts');
      const { state } = rootsFromEnv();
      const found = await verdict(() =>
        signaturesThere(client, state, { reference: name, digests }, policy, new Inputs()),
      );
      failure = found.failure;
      return found.signatures;
    },
  });
  return admitted(policy, image, failure);
}

async function ofStore(text: string, store: ImageStore, policy: EffectivePolicy): Promise<ReviewedImage> {
  const { record } = await store.resolve(text);
  const { signatures, failure } = await verdict(
    async () => (await signaturesOf(record, policy, new Inputs(), rootsFromEnv(), false)).signatures,
  );
  const image = await store.factsOf(record);
  return admitted(policy, { ...image, ...(signatures === undefined ? {} : { signatures }) }, failure);
}

/** An archive has nothing but images: where a signature is required, nothing is known of it. */
function ofArchive(policy: EffectivePolicy, image: LookedAt): ReviewedImage {
  const rules = signatureRules(policy, image.reference);
  const found = admitted(policy, image, undefined);
  const open = rules.some(({ verdict: asked }) => asked === 'signature') && found.admission?.status === 'pass';
  if (!open || found.admission === undefined) return found;
  const message =
    'signatures are not looked for in archives; the name may be that of an image of a registry: docker://NAME';
  return { ...found, admission: { ...found.admission, status: 'unknown', message } };
}

export interface ImageTargets extends LookOptions {
  readonly policy: EffectivePolicy;
  openStore(): Promise<ImageStore>;
}

/** Whether there is an archive or a layout with images at a path. */
export async function isImagePath(path: string): Promise<boolean> {
  // A name that ends as those of manifests do is not opened here.
  if (!statSync(path).isDirectory() && /\.(?:json|ya?ml)$/.test(path)) return false;
  return (await import('./images/look/archive.ts')).holdsImages(path);
}

/** The images of an archive or a layout, as `lookIntoArchive` has them. */
export async function imagesAt(path: string, targets: ImageTargets): Promise<ReviewedImage[]> {
  const { lookIntoArchive } = await import('./images/look/archive.ts');
  return (await lookIntoArchive(path, targets)).map((image) => {
    const found = ofArchive(targets.policy, image);
    return image.reference === '' ? { ...found, subject: { ...found.subject, name: path } } : found;
  });
}

/**
 * The image that a name means: `docker://NAME` in its registry, else in the store.
 * @throws SecureError IMAGE_NOT_FOUND, REFERENCE_INVALID, those of `lookIntoRegistry`, and KEY_INVALID, TRUST_*
 */
export async function imageNamed(text: string, targets: ImageTargets): Promise<ReviewedImage> {
  if (namesRegistry(text)) return ofRegistry(text, targets.policy, targets);
  return ofStore(text, await targets.openStore(), targets.policy);
}
