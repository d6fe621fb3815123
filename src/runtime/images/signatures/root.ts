// SPDX-License-Identifier: Apache-2.0
// A trusted root of sigstore (protobuf-specs TrustedRoot, JSON): whose certificates, logs and timestamps count, and from when to when.
import { TrustedRoot as TrustedRootProto } from '@sigstore/protobuf-specs';
import { type TrustMaterial, toTrustMaterial } from '@sigstore/verify';
import { keyInvalid } from './problems.ts';

export interface TrustedRoot {
  /** What it is called in messages: its file. */
  readonly name: string;
  readonly material: TrustMaterial;
}

/** The public instance's has some kilobytes. */
export const ROOT_FILE_LIMIT = 1 << 20;
const HINT = 'it is the file trusted_root.json of the sigstore instance, as `cosign trusted-root create` writes it';

/**
 * Everything in it must say from when it counts: what was signed before a log or an authority existed was not signed with it. The library takes what
 * says nothing for valid since ever.
 */
function checkValidity(name: string, root: TrustedRootProto): void {
  const parts = {
    tlogs: root.tlogs.map(({ publicKey }) => publicKey?.validFor),
    ctlogs: root.ctlogs.map(({ publicKey }) => publicKey?.validFor),
    certificateAuthorities: root.certificateAuthorities.map(({ validFor }) => validFor),
    timestampAuthorities: root.timestampAuthorities.map(({ validFor }) => validFor),
  };
  for (const [part, ranges] of Object.entries(parts)) {
    const index = ranges.findIndex((range) => range?.start === undefined || Number.isNaN(range.start.getTime()));
    if (index >= 0) throw keyInvalid(name, `/${part}/${index} does not say from when it counts (validFor.start)`, HINT);
  }
}

/** @throws SecureError KEY_INVALID */
export function readTrustedRoot(text: string, name: string): TrustedRoot {
  let root: TrustedRootProto;
  try {
    root = TrustedRootProto.fromJSON(JSON.parse(text));
  } catch (cause) {
    throw keyInvalid(name, 'it is no trusted root of sigstore', HINT, cause);
  }
  if (root.certificateAuthorities.length === 0 || root.tlogs.length + root.timestampAuthorities.length === 0) {
    throw keyInvalid(name, 'it names no authority for certificates, or nobody who tells the time', HINT);
  }
  checkValidity(name, root);
  try {
    const none = () => {
      throw new Error('a trusted root has no keys of signers');
    };
    return { name, material: toTrustMaterial(root, none) };
  } catch (cause) {
    throw keyInvalid(name, `a key or certificate of it cannot be read: ${(cause as Error).message}`, HINT, cause);
  }
}
