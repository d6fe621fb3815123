// SPDX-License-Identifier: Apache-2.0
// Policies of registries. A policy is an artifact: a manifest with one layer, the text. Both are known by their digests, so they are kept, and asked for once.
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SecureError } from '../errors.ts';
import { POLICY_MEDIA_TYPE, type PolicyInput, type SignatureRule } from '../policies/index.ts';
import { parseDigest } from './images/digest.ts';
import { writeAtomic } from './images/durable.ts';
import { readDescriptor } from './images/oci/descriptor.ts';
import { JsonObject } from './images/oci/json.ts';
import { MANIFEST } from './images/oci/mediatypes.ts';
import { verified } from './images/read.ts';
import { formatReference, parseReference, type Reference } from './images/reference.ts';
import { rootsFromEnv } from './images/roots.ts';
import { readAll } from './images/sources/bytes.ts';
import { Inputs } from './inputs.ts';
import { RegistryClient } from './registry/client.ts';

/** As files: src/policies/io.ts. */
const TEXT_LIMIT = 1 << 20;

function noPolicy(reference: string, why: string): SecureError {
  return new SecureError('POLICY_UNREADABLE', `oci://${reference} is no policy: ${why}`, {
    hint: 'secure policy push FILE REFERENCE puts one there, and says what to extend',
  });
}

/** The text of a manifest's one layer. */
function layerOf(bytes: Buffer, reference: string) {
  const json = JsonObject.parse(bytes, 'LAYOUT_INVALID', `the manifest of ${reference}`);
  const type = json.string('artifactType', '') || json.object('config').string('mediaType');
  if (type !== POLICY_MEDIA_TYPE) throw noPolicy(reference, `it is ${JSON.stringify(type.slice(0, 100))}`);
  const [layer, ...more] = json.objects('layers', 16).map(readDescriptor);
  if (layer === undefined || more.length > 0) throw noPolicy(reference, 'it has not exactly one layer');
  if (layer.mediaType !== POLICY_MEDIA_TYPE)
    throw noPolicy(reference, `its layer is ${JSON.stringify(layer.mediaType.slice(0, 100))}`);
  if (layer.size > TEXT_LIMIT) throw noPolicy(reference, `it is larger than ${TEXT_LIMIT / 1024} KiB`);
  return layer;
}

const places = (state: string, digest: string): string => join(state, 'policies', `sha256-${parseDigest(digest)?.hex}`);

/** What is kept under a digest; undefined: nothing, or something else by now. */
function kept(state: string, digest: string): Buffer | undefined {
  try {
    return verified(readFileSync(places(state, digest)), digest);
  } catch {
    return undefined;
  }
}

/** Where nothing can be kept it is fetched each time. */
async function keep(state: string, digest: string, data: Buffer): Promise<void> {
  try {
    await mkdir(join(state, 'policies'), { recursive: true, mode: 0o700 });
    await writeAtomic(places(state, digest), data.toString('utf8'));
  } catch {
    // A user without a state of his own, or a full disk.
  }
}

async function manifestOf(client: RegistryClient, reference: Reference, digest: string): Promise<Buffer> {
  const { bytes, mediaType } = await client.resolve(reference);
  if (mediaType !== MANIFEST) throw noPolicy(formatReference(reference), `it is ${JSON.stringify(mediaType)}`);
  return verified(bytes, digest);
}

/** Manifest and text, kept or from the registry; each is held against its digest. */
async function textOf(client: RegistryClient, reference: Reference, digest: string, state: string): Promise<Buffer> {
  const name = formatReference(reference);
  const known = kept(state, digest);
  const manifest = known ?? (await manifestOf(client, reference, digest));
  const layer = layerOf(manifest, name);
  const there = kept(state, layer.digest);
  const data = there ?? verified(await readAll(client.blob(layer), TEXT_LIMIT, `blob ${layer.digest}`), layer.digest);
  if (known === undefined) await keep(state, digest, manifest);
  if (there === undefined) await keep(state, layer.digest, data);
  return data;
}

/**
 * `PolicyIo.remote`. Files of keys that were read are appended to `inputs`.
 * @throws SecureError as it says
 */
export async function remotePolicy(
  text: string,
  required: readonly SignatureRule[],
  inputs: PolicyInput[],
): Promise<{ text: string; identity: string }> {
  const { state } = rootsFromEnv();
  const { registry, repository, digest } = parseReference(text);
  if (digest === undefined) throw noPolicy(text, 'it has no digest');
  const reference = { registry, repository, digest };
  const client = new RegistryClient(reference);
  try {
    const data = await textOf(client, reference, digest, state);
    if (required.length > 0) {
      const { signaturesByRules } = await import('./signed.ts');
      const read = new Inputs();
      await signaturesByRules(
        client,
        state,
        { reference: formatReference(reference), digests: [digest] },
        required,
        read,
      );
      inputs.push(...read.records.filter((one) => one.kind === 'content' || one.kind === 'absent'));
    }
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(data), identity: digest };
  } catch (error) {
    if (error instanceof TypeError) throw noPolicy(text, 'it is not UTF-8 text');
    throw error;
  } finally {
    client.close();
  }
}

/** `PolicyIo.digestOf`. */
export async function remoteDigest(text: string): Promise<string> {
  const reference = parseReference(text);
  const client = new RegistryClient(reference);
  try {
    return (await client.resolve(reference)).digest;
  } finally {
    client.close();
  }
}
