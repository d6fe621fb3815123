// SPDX-License-Identifier: Apache-2.0

export type FindingKind =
  /** Content is not what its digest says. */
  | 'blob-damaged'
  /** A layer's blob that an image needs to be saved or pushed; it can be run. */
  | 'blob-missing'
  /** What the extractor left is not there or, with `deep`, is not what the blob unpacks to. */
  | 'layer-damaged'
  /** A container needs it. */
  | 'layer-missing'
  | 'record-damaged'
  /** An SBOM, or something else that belongs to an image; the image itself can be run. */
  | 'referrer-damaged'
  /** It cannot be run: manifest, config or a layer is missing or damaged. */
  | 'image-unusable'
  | 'index-damaged'
  | 'container-unreadable';

export interface Finding {
  readonly kind: FindingKind;
  /** A digest, diff id, reference, container id or path. */
  readonly subject: string;
  readonly problem: string;
  /** What to do. */
  readonly action: string;
  readonly repaired: boolean;
}

export interface Checked {
  readonly findings: readonly Finding[];
  readonly verified: {
    /** Blobs whose content was hashed, and their bytes. */
    readonly blobs: number;
    readonly bytes: number;
    readonly records: number;
    /** Unpacked layers whose record and root directory were looked at. */
    readonly layers: number;
    /** Unpacked layers that were compared, file by file, with what their blob unpacks to. */
    readonly compared: number;
  };
  /** Diff ids of layers that could not be compared, since their blob is not here. Only with `deep`. */
  readonly incomparable: readonly string[];
  /** No damage: what killed processes and removed images leave, and a prune removes. */
  readonly leftovers: {
    readonly blobs: number;
    readonly layers: number;
    readonly temporary: number;
    /** 1: `images/index.json`, which only other tools read, is as it was before a change that was killed. */
    readonly index: number;
  };
}

export const ACTIONS: Readonly<Record<FindingKind, string>> = {
  'blob-damaged': 'remove it with --repair, then pull or import the image again',
  'blob-missing': 'pull or import the image again; until then it runs, but cannot be saved or pushed',
  'layer-damaged': 'remove it with --repair; it is unpacked again from its blob when it is needed',
  'layer-missing': 'pull or import its image again, or remove the container',
  'referrer-damaged': 'build the image again; --repair forgets what cannot be read, so that the image can be pushed',
  'record-damaged': 'remove it with --repair, then pull or import the image again',
  'image-unusable': 'pull or import it again; --repair removes its name, so that `secure run` pulls it',
  'index-damaged': 'write it again with --repair',
  'container-unreadable': 'remove that container (`secure rm --force ID`)',
};

export function finding(kind: FindingKind, subject: string, problem: string): Finding {
  return { kind, subject, problem, action: ACTIONS[kind], repaired: false };
}
