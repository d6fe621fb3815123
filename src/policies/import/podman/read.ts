// SPDX-License-Identifier: Apache-2.0
// policy.json of podman, skopeo and CRI-O (containers-policy.json(5)). As they do, it refuses a file with a key that it does not know.
import { SecureError } from '../../../errors.ts';
import { PolicyProblems, problemError } from '../../problems.ts';
import { pointer, readSource, type SourceText } from '../../source.ts';

export type Json = Readonly<Record<string, unknown>>;

export interface Requirement {
  readonly type: string;
  readonly json: Json;
  /** JSON pointer. */
  readonly at: string;
}

export interface PodmanPolicy {
  readonly source: SourceText;
  readonly general: readonly Requirement[];
  /** Requirements by transport and scope; the scope `` is the transport's default. */
  readonly transports: ReadonlyMap<string, ReadonlyMap<string, readonly Requirement[]>>;
}

const KEYS: Readonly<Record<string, readonly string[]>> = {
  insecureAcceptAnything: [],
  reject: [],
  signedBy: ['keyType', 'keyPath', 'keyPaths', 'keyData', 'signedIdentity'],
  signedBaseLayer: ['baseLayerIdentity'],
  sigstoreSigned: [
    ...['keyPath', 'keyPaths', 'keyData', 'keyDatas', 'fulcio', 'pki', 'signedIdentity'],
    ...['rekorPublicKeyPath', 'rekorPublicKeyPaths', 'rekorPublicKeyData', 'rekorPublicKeyDatas'],
  ],
};

export class Reader {
  readonly source: SourceText;

  constructor(text: string, file: string) {
    try {
      JSON.parse(text);
    } catch (cause) {
      throw new SecureError('POLICY_SYNTAX', `${file} is no JSON: ${(cause as Error).message.slice(0, 200)}`, {
        hint: 'comments are not allowed in it',
        position: { file },
        cause,
      });
    }
    // JSON is YAML; this way every value has a place, and a key that is there twice is an error.
    try {
      this.source = readSource(text, file);
    } catch (error) {
      throw error instanceof PolicyProblems ? problemError(error.problems, error.lines) : error;
    }
  }

  fail(at: string, problem: string): SecureError {
    const { policy: file } = this.source;
    const { line, column } = this.source.at(at);
    return new SecureError('POLICY_INVALID', `${file}:${line}:${column}: ${at || 'the file'} ${problem}`, {
      hint: 'see containers-policy.json(5)',
      position: { file, line, column },
    });
  }

  object(value: unknown, at: string, known?: readonly string[]): Json {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.fail(at, 'is no object');
    const unknown = Object.keys(value).find((key) => known !== undefined && !known.includes(key));
    if (unknown !== undefined) throw this.fail(at + pointer(unknown), 'is not known');
    return value as Json;
  }

  requirements(value: unknown, at: string): Requirement[] {
    if (!Array.isArray(value) || value.length === 0) throw this.fail(at, 'is no list of requirements');
    return value.map((item, i) => {
      const place = at + pointer(i);
      const { type } = this.object(item, place);
      const known = typeof type === 'string' && Object.hasOwn(KEYS, type) ? KEYS[type] : undefined;
      if (known === undefined) throw this.fail(`${place}/type`, 'is no requirement that is known');
      return { type: type as string, json: this.object(item, place, ['type', ...known]), at: place };
    });
  }
}

/** @throws SecureError POLICY_SYNTAX, POLICY_INVALID */
export function readPodmanPolicy(text: string, file: string): PodmanPolicy {
  const reader = new Reader(text, file);
  const top = reader.object(reader.source.value, '', ['default', 'transports']);
  const general = reader.requirements(top.default, '/default');
  const transports = new Map<string, Map<string, readonly Requirement[]>>();
  for (const [transport, scopes] of Object.entries(reader.object(top.transports ?? {}, '/transports'))) {
    const at = `/transports${pointer(transport)}`;
    const found = new Map<string, readonly Requirement[]>();
    for (const [scope, list] of Object.entries(reader.object(scopes, at)))
      found.set(scope, reader.requirements(list, at + pointer(scope)));
    transports.set(transport, found);
  }
  return { source: reader.source, general, transports };
}
