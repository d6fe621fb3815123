// SPDX-License-Identifier: Apache-2.0
// Simple signing by gpg(1), whose agent has the keys; the signature is a file beside those that are there.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExitCode, SecureError } from '../../../../errors.ts';
import { type ClientOptions, RegistryClient } from '../../../registry/client.ts';
import { errnoOf } from '../../durable.ts';
import { isIndex, isManifest } from '../../oci/mediatypes.ts';
import type { Reference } from '../../reference.ts';
import { notAnImage } from '../problems.ts';
import { ATOMIC_TYPE } from '../simple.ts';
import { signaturesUrl } from './lookaside.ts';

const COUNT_LIMIT = 100;
const MESSAGE_LIMIT = 1 << 20;

/** What is signed: containers/image docs/containers-signature.5. */
export function gpgPayload(reference: string, digest: string, seconds: number): Buffer {
  const critical = {
    identity: { 'docker-reference': reference },
    image: { 'docker-manifest-digest': digest },
    type: ATOMIC_TYPE,
  };
  return Buffer.from(JSON.stringify({ critical, optional: { creator: 'secure', timestamp: seconds } }));
}

/** @param user as gpg names one: a fingerprint best @throws SecureError TOOL_MISSING, KEY_INVALID */
function signedMessage(payload: Buffer, user: string): Buffer {
  const args = ['--batch', '--local-user', user, '--digest-algo', 'SHA256', '--sign', '--output', '-'];
  const { error, status, stdout, stderr } = spawnSync('gpg', args, { input: payload, maxBuffer: MESSAGE_LIMIT });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT')
    throw new SecureError('TOOL_MISSING', 'gpg is not installed', {
      hint: 'install it: apt install gnupg',
      exitCode: ExitCode.host,
    });
  if (status === 0) return stdout;
  throw new SecureError(
    'KEY_INVALID',
    `gpg cannot sign as ${JSON.stringify(user)}: ${stderr.toString('utf8').trim().slice(-300)}`,
    {
      hint: 'gpg --list-secret-keys shows whose keys are here',
    },
  );
}

/** The first name that nobody has; two who sign at the same time get different ones. */
function keep(directory: string, signature: Buffer): string {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    for (let i = 1; i <= COUNT_LIMIT; i++) {
      const path = join(directory, `signature-${i}`);
      try {
        writeFileSync(path, signature, { flag: 'wx', mode: 0o644 });
        return path;
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw error;
      }
    }
  } catch (error) {
    throw new SecureError('OUTPUT_REFUSED', `${directory} cannot be written: ${errnoOf(error) ?? String(error)}`, {
      cause: error,
    });
  }
  throw new SecureError('LIMIT_EXCEEDED', `${directory} has ${COUNT_LIMIT} signatures already`);
}

/**
 * Sign what the registry has under a reference, with a tag, and keep the signature below a directory that a web server, or whoever verifies on
 * this machine, has as its lookaside.
 * @param lookaside file:///…
 * @throws SecureError MANIFEST_UNKNOWN, MEDIA_TYPE_UNSUPPORTED, INVALID_VALUE, KEY_INVALID, TOOL_MISSING, OUTPUT_REFUSED, REGISTRY_*
 */
export async function signWithGpg(
  reference: Reference,
  user: string,
  lookaside: string,
  options: ClientOptions = {},
): Promise<{ readonly image: string; readonly place: string }> {
  if (!lookaside.startsWith('file:///'))
    throw new SecureError('INVALID_VALUE', `--lookaside ${lookaside}: signatures are written to a directory`, {
      hint: 'give file:///DIRECTORY, and publish it',
    });
  const client = new RegistryClient(reference, options);
  const name = `${reference.registry}/${reference.repository}`;
  try {
    const { mediaType, digest } = await client.resolve(reference);
    if (!isManifest(mediaType) && !isIndex(mediaType)) throw notAnImage(name, mediaType);
    const named = reference.tag === undefined ? name : `${name}:${reference.tag}`;
    const signature = signedMessage(gpgPayload(named, digest, Math.floor(Date.now() / 1000)), user);
    const directory = fileURLToPath(signaturesUrl(lookaside.replace(/\/+$/, ''), name, digest));
    return { image: `${name}@${digest}`, place: keep(directory, signature) };
  } finally {
    client.close();
  }
}
