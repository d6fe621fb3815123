// SPDX-License-Identifier: Apache-2.0
// One requirement of a scope as what an entry of `images` requires. What cannot be said is rejected: never anything weaker.
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { SignedIdentity } from '../../types.ts';
import type { Json, Requirement } from './read.ts';

/** What is given to read a file with. */
export interface PodmanContext {
  /** Relative paths of keys start here, as with podman. */
  readonly cwd: string;
  /** Where keys go that the file holds itself; undefined: nowhere. */
  readonly keys: string | undefined;
  /** Whose certificates count for keyless signatures: `sigstore` or a path; undefined: nobody's. */
  readonly trustedRoot: string | undefined;
  /** Address of the signatures of everything in a scope; undefined: as it is configured when they are looked for. */
  lookaside(scope: string): { readonly address?: string; readonly problem?: string };
}

export type Required = 'reject' | 'nothing' | Readonly<Record<string, unknown>>;

export interface Mapped {
  readonly required: Required;
  readonly lost?: string;
  readonly note?: string;
}

const lost = (message: string): Mapped => ({ required: 'reject', lost: `${message}: such images are rejected` });
const texts = (value: unknown): string[] =>
  [value].flat().filter((item): item is string => typeof item === 'string' && item !== '');

/** undefined: cannot be said. */
function identityOf(json: Json): SignedIdentity | undefined {
  const { signedIdentity } = json;
  if (signedIdentity === undefined) return 'reference';
  const { type, ...rest } = signedIdentity as Json;
  const text = (key: string) => (typeof rest[key] === 'string' && rest[key] !== '' ? rest[key] : undefined);
  if (type === 'matchRepoDigestOrExact') return 'reference';
  if (type === 'matchExact') return 'exact';
  if (type === 'matchRepository') return 'repository';
  const [reference, repository] = [text('dockerReference'), text('dockerRepository')];
  const [prefix, signedPrefix] = [text('prefix'), text('signedPrefix')];
  if (type === 'exactReference' && reference !== undefined) return { reference };
  if (type === 'exactRepository' && repository !== undefined) return { repository };
  if (type === 'remapIdentity' && prefix !== undefined && signedPrefix !== undefined) return { prefix, signedPrefix };
  return undefined;
}

export class RequirementMapper {
  readonly #context: PodmanContext;
  /** Content by name. */
  readonly keys = new Map<string, Buffer>();

  constructor(context: PodmanContext) {
    this.#context = context;
  }

  map(requirement: Requirement, scope: string): Mapped {
    const { type, json } = requirement;
    if (type === 'insecureAcceptAnything') return { required: 'nothing' };
    if (type === 'reject') return { required: 'reject' };
    if (type === 'signedBaseLayer') return lost('signedBaseLayer is not done by podman either');
    const identity = identityOf(json);
    if (identity === undefined) return lost('its signedIdentity is not known');
    return type === 'signedBy' ? this.#signedBy(json, identity, scope) : this.#sigstore(json, identity);
  }

  /** Exactly one way to give keys. `suffix`: of the names of those that the file holds itself. */
  #keyPaths(json: Json, suffix: string): string[] | string {
    const given = ['keyPath', 'keyPaths', 'keyData', 'keyDatas'].filter((key) => json[key] !== undefined);
    const [only, ...more] = given;
    if (only === undefined || more.length > 0) return 'it needs one of keyPath, keyPaths and keyData';
    const values = texts(json[only]);
    if (values.length === 0) return `its ${only} is empty`;
    if (only.startsWith('keyPath')) return values.map((path) => resolve(this.#context.cwd, path));
    const { keys: directory } = this.#context;
    if (directory === undefined) return 'it holds its key itself, and no --keys DIRECTORY says where to put it';
    return values.map((text) => {
      const data = Buffer.from(text, 'base64');
      const name = `${createHash('sha256').update(data).digest('hex').slice(0, 16)}.${suffix}`;
      this.keys.set(name, data);
      return resolve(directory, name);
    });
  }

  #signedBy(json: Json, identity: SignedIdentity, scope: string): Mapped {
    if (json.keyType !== 'GPGKeys') return lost(`keyType ${JSON.stringify(json.keyType)} is not done by podman either`);
    const key = this.#keyPaths(json, 'gpg');
    if (typeof key === 'string') return lost(key);
    const { address, problem } = this.#context.lookaside(scope);
    const required = { gpg: { key, ...(address === undefined ? {} : { lookaside: address }) }, identity };
    return problem === undefined ? { required } : { required, note: problem };
  }

  #sigstore(json: Json, identity: SignedIdentity): Mapped {
    if (json.pki !== undefined) return lost('certificates of an authority of one’s own (pki) are not known');
    if (json.fulcio !== undefined) return this.#keyless(json.fulcio as Json, identity);
    if (Object.keys(json).some((key) => key.startsWith('rekor')))
      return lost('a key and an entry of a transparency log are not asked for together');
    const key = this.#keyPaths(json, 'pub');
    if (typeof key === 'string') return lost(key);
    const note = 'podman looks for these signatures only where registries.d has use-sigstore-attachments: true';
    return { required: { cosign: { key }, identity }, note };
  }

  #keyless({ oidcIssuer, subjectEmail }: Json, identity: SignedIdentity): Mapped {
    const { trustedRoot, cwd } = this.#context;
    const [issuer, name] = [texts(oidcIssuer)[0], texts(subjectEmail)[0]];
    if (issuer === undefined || name === undefined) return lost('it needs oidcIssuer and subjectEmail');
    if (trustedRoot === undefined)
      return lost('whose certificates count is in a trusted root here, and no --trusted-root names one');
    const root = trustedRoot === 'sigstore' ? trustedRoot : resolve(cwd, trustedRoot);
    const note = `certificates and logs count by the trusted root ${root}, not by caPath and rekorPublicKeyPath`;
    return { required: { cosign: { identity: name, issuer, trustedRoot: root }, identity }, note };
  }
}
