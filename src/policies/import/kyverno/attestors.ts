// SPDX-License-Identifier: Apache-2.0
// Attestors as what entries of `images` require. What cannot be said is rejected: never anything weaker.
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { wholePattern } from '../../patterns.ts';
import { globPattern, wholeOf } from './names.ts';
import { type Json, list, object, text } from './read.ts';

export interface KyvernoContext {
  /** Relative paths start here. */
  readonly cwd: string;
  /** Where keys go that the file holds itself; undefined: nowhere. */
  readonly keys: string | undefined;
  /** Whose certificates count for keyless signatures: `sigstore` or a path; undefined: nobody's. */
  readonly trustedRoot: string | undefined;
  /** A signature by a key counts without an entry in a transparency log, for which Kyverno asks unless it is told not to. */
  readonly withoutLog: boolean;
}

export type Required = Json | 'reject';
/** Told of a part below the attestors. */
export type Tell = (kind: 'lost' | 'note', at: string, message: string) => void;

const PEM = /-----BEGIN [A-Z ]+-----[\s\S]+?-----END [A-Z ]+-----/g;

export class AttestorMapper {
  readonly #context: KyvernoContext;
  /** Content by name. */
  readonly files = new Map<string, Buffer>();

  constructor(context: KyvernoContext) {
    this.#context = context;
  }

  /** Of a text with PEM in it, the paths that it is written to; or why not. */
  #paths(value: string, suffix: string): string[] | string {
    const { keys, cwd } = this.#context;
    const found = value.match(PEM) ?? [];
    if (found.length === 0) return 'it is no key in PEM: those of a cluster or a KMS are not reached from here';
    if (keys === undefined) return 'it holds its key itself, and no --keys DIRECTORY says where to put it';
    return found.map((pem) => {
      const data = Buffer.from(`${pem}\n`);
      const name = `${createHash('sha256').update(data).digest('hex').slice(0, 16)}.${suffix}`;
      this.files.set(name, data);
      return resolve(cwd, keys, name);
    });
  }

  /** Each key of an entry by itself, since `count` counts them. @returns what is required, or why that cannot be said */
  entry(entry: Json, type: string): Required[] | string {
    for (const key of ['annotations', 'repository'] as const)
      if (entry[key] !== undefined) return `${key} of an attestor cannot be asked for`;
    if (type === 'Notary') return this.#notary(entry);
    if (entry.keys !== undefined) return this.#keys(object(entry.keys));
    if (entry.keyless !== undefined) return this.#keyless(object(entry.keyless));
    if (entry.certificates !== undefined) return 'certificates without an identity are not known';
    return 'it is no attestor that is known';
  }

  #notary(entry: Json): Required[] | string {
    const paths = this.#paths(text(object(entry.certificates).cert), 'crt');
    if (typeof paths === 'string') return paths;
    return [{ notary: { roots: paths, identities: '*' }, identity: 'digest-only' }];
  }

  #keys(keys: Json): Required[] | string {
    const { ignoreTlog } = object(keys.rekor);
    if (ignoreTlog !== true && !this.#context.withoutLog)
      return 'a key and an entry of a transparency log are not asked for together; --without-log accepts the key alone';
    for (const key of ['secret', 'kms']) if (keys[key] !== undefined) return `a key of ${key} is not reached from here`;
    const paths = this.#paths(text(keys.publicKeys), 'pub');
    return typeof paths === 'string' ? paths : paths.map((key) => ({ cosign: { key }, identity: 'digest-only' }));
  }

  #keyless(keyless: Json): Required[] | string {
    const { trustedRoot, cwd } = this.#context;
    if (keyless.roots !== undefined) return 'certificates of an authority of one’s own (roots) are not known';
    if (Object.keys(object(keyless.additionalExtensions)).length > 0) return 'additionalExtensions cannot be asked for';
    if (trustedRoot === undefined)
      return 'whose certificates count is in a trusted root here, and no --trusted-root names one';
    const [issuer, subject] = [text(keyless.issuer), text(keyless.subject)];
    const [issuers, subjects] = [text(keyless.issuerRegExp), text(keyless.subjectRegExp)];
    if (issuer === '' && issuers === '')
      return 'it names no issuer: anybody may have an account of that name with another one';
    if (subject === '' && subjects === '') return 'it names no subject: an issuer vouches for many people';
    const cosign: Readonly<Record<string, string>> = {
      ...(subjects !== ''
        ? { identityPattern: wholeOf(subjects) }
        : /[*?]/.test(subject)
          ? { identityPattern: globPattern(subject) }
          : { identity: subject }),
      ...(issuers !== '' ? { issuerPattern: wholeOf(issuers) } : { issuer }),
      trustedRoot: trustedRoot === 'sigstore' ? trustedRoot : resolve(cwd, trustedRoot),
    };
    for (const pattern of [cosign.identityPattern, cosign.issuerPattern]) {
      try {
        wholePattern(pattern ?? '');
      } catch {
        return 'its regular expression is one of Go, and means nothing here';
      }
    }
    return [{ cosign, identity: 'digest-only' }];
  }

  /**
   * A set of attestors, of which `count` are wanted and all of them by default.
   * @param at of the set
   */
  set(set: Json, at: string, type: string, tell: Tell): Required[] {
    const entries = list(set.entries).flatMap((value, i): Required[] => {
      const place = `${at}/entries/${i}`;
      const { attestor } = object(value);
      if (attestor !== undefined) return this.set(object(attestor), `${place}/attestor`, type, tell);
      const mapped = this.entry(object(value), type);
      if (typeof mapped !== 'string') return mapped;
      tell('lost', place, `${mapped}: such images are rejected`);
      return ['reject'];
    });
    if (entries.length === 0) {
      tell('lost', at, 'it has no entries: such images are rejected');
      return ['reject'];
    }
    const count = typeof set.count === 'number' ? set.count : entries.length;
    if (count >= entries.length) return entries;
    const any = count === 1 ? anyOf(entries) : undefined;
    if (any !== undefined) return [any];
    tell('lost', `${at}/count`, `${count} of ${entries.length} cannot be asked for: all of them are`);
    return entries;
  }
}

/** One requirement that each of several satisfies; undefined: there is none. */
function anyOf(entries: readonly Required[]): Required | undefined {
  const usable = entries.filter((entry): entry is Json => entry !== 'reject');
  const keys = usable.flatMap((entry) => {
    const { key } = object(entry.cosign);
    return key === undefined ? [] : [key];
  });
  const others = usable.filter((entry) => object(entry.cosign).key === undefined);
  // Beside keys there is room for one identity.
  if (usable.length === 0 || others.length > 1 || others.some((entry) => entry.cosign === undefined && keys.length > 0))
    return undefined;
  const [other] = others;
  if (keys.length === 0) return other;
  return { cosign: { key: keys, ...object(other?.cosign) }, identity: 'digest-only' };
}
