// SPDX-License-Identifier: Apache-2.0
// verifyImages of Kyverno's policies as entries of `images` that ask for the same, or for more where that cannot be said.
import { SecureError } from '../../../errors.ts';
import { isPredicateKind } from '../../predicates.ts';
import type { SourceText } from '../../source.ts';
import { Notes } from '../notes.ts';
import { type Imported, importedPolicy } from '../types.ts';
import { AttestorMapper, type KyvernoContext, type Required } from './attestors.ts';
import { patternsOf } from './names.ts';
import { documents, type Json, list, object, text, texts } from './read.ts';

export type { KyvernoContext } from './attestors.ts';

type Entry = { match: string[]; except?: string[]; require: Required };

const KINDS = ['ClusterPolicy', 'Policy'];
const SUPPORTED = new Set([
  'imageReferences',
  'skipImageReferences',
  'attestors',
  'attestations',
  'type',
  'mutateDigest',
  'verifyDigest',
  'required',
  'failureAction',
  'useCache',
]);

class Conversion {
  readonly notes = new Notes();
  readonly entries: Entry[] = [];
  readonly #mapper: AttestorMapper;

  constructor(mapper: AttestorMapper) {
    this.#mapper = mapper;
  }

  rule(source: SourceText, rule: Json, at: string, audited: boolean): void {
    const tell = (kind: 'lost' | 'note', place: string, message: string) =>
      this.notes.add(source, kind, place, message);
    for (const key of ['validate', 'mutate', 'generate'])
      if (rule[key] !== undefined)
        tell('lost', `${at}/${key}`, 'only the verification of images is taken over: nothing is written for it');
    const verified = list(rule.verifyImages);
    if (verified.length === 0) return;
    for (const key of ['exclude', 'preconditions', 'context', 'celPreconditions'])
      if (rule[key] !== undefined)
        tell('lost', `${at}/${key}`, 'is left out: the images are verified wherever they run');
    if (/namespace|selector|subjects|roles/i.test(JSON.stringify(rule.match ?? {})))
      tell('note', `${at}/match`, 'the images are verified wherever they run, not in some namespaces only');
    const skipped = texts(rule.skipImageReferences);
    verified.forEach((value, i) => {
      const place = `${at}/verifyImages/${i}`;
      const image = object(value);
      if (audited || text(image.failureAction) === 'Audit')
        tell('lost', place, 'is only reported there (Audit), and refuses here');
      this.#image(source, image, place, skipped);
    });
  }

  #image(source: SourceText, image: Json, at: string, skipped: readonly string[]): void {
    const tell = (kind: 'lost' | 'note', place: string, message: string) =>
      this.notes.add(source, kind, place, message);
    const match = texts(image.imageReferences).flatMap((pattern, i) => {
      const { patterns, wider } = patternsOf(pattern);
      if (wider) tell('lost', `${at}/imageReferences/${i}`, 'a question mark is any number of characters here');
      return patterns;
    });
    if (match.length === 0) {
      tell('lost', at, 'it names no images in imageReferences: nothing is written for it');
      return;
    }
    // More names must not be left out than there: one that would be wider is not.
    const except = [...skipped, ...texts(image.skipImageReferences)].flatMap((pattern) => {
      const { patterns, wider } = patternsOf(pattern);
      if (!wider) return patterns;
      tell('lost', at, `${pattern} is not left out: a question mark cannot be said`);
      return [];
    });
    for (const key of Object.keys(image))
      if (!SUPPORTED.has(key)) tell('lost', `${at}/${key}`, `cannot be said: such images are rejected`);
    const unknown = Object.keys(image).some((key) => !SUPPORTED.has(key));
    if (image.required === false) tell('lost', `${at}/required`, 'is asked for here whatever it says');
    const required = unknown ? ['reject' as const] : this.#required(source, image, at);
    for (const require of required.includes('reject') ? (['reject'] as const) : required)
      this.entries.push({ match, ...(except.length === 0 ? {} : { except }), require });
  }

  #required(source: SourceText, image: Json, at: string): Required[] {
    const tell = (kind: 'lost' | 'note', place: string, message: string) =>
      this.notes.add(source, kind, place, message);
    const type = text(image.type) || 'Cosign';
    const setsAt = (sets: unknown, place: string) =>
      list(sets).flatMap((set, i) => this.#mapper.set(object(set), `${place}/${i}`, type, tell));
    const signers = setsAt(image.attestors, `${at}/attestors`);
    const attested = list(image.attestations).flatMap((value, i): Required[] => {
      const place = `${at}/attestations/${i}`;
      const attestation = object(value);
      const kind = text(attestation.type) || text(attestation.predicateType);
      if (list(attestation.conditions).length > 0) {
        tell(
          'lost',
          `${place}/conditions`,
          'are rules here (image.attestations), which are not written: such images are rejected',
        );
        return ['reject'];
      }
      if (type === 'Notary' || !isPredicateKind(kind)) {
        tell('lost', place, 'such an attestation cannot be asked for: such images are rejected');
        return ['reject'];
      }
      const own = list(attestation.attestors).length > 0;
      const by = own ? setsAt(attestation.attestors, `${place}/attestors`) : signers;
      return by.map((require) => (require === 'reject' ? require : { ...require, attestation: kind }));
    });
    if (signers.length + attested.length > 0) return [...signers, ...attested];
    tell('lost', at, 'it names no attestors: such images are rejected');
    return ['reject'];
  }
}

/** @throws SecureError POLICY_SYNTAX, POLICY_INVALID: there is no policy of Kyverno in it, LIMIT_EXCEEDED */
export function importKyverno(content: string, file: string, context: KyvernoContext): Imported {
  const mapper = new AttestorMapper(context);
  const conversion = new Conversion(mapper);
  let found = 0;
  for (const source of documents(content, file)) {
    const { apiVersion, kind, spec } = object(source.value);
    const known = text(apiVersion).startsWith('kyverno.io/') && KINDS.includes(text(kind));
    if (!known) {
      conversion.notes.add(
        source,
        'lost',
        '/kind',
        `${text(kind) || 'this'} of ${text(apiVersion) || 'no apiVersion'} is no policy that is known: nothing is written for it`,
      );
      continue;
    }
    found += 1;
    const audited = text(object(spec).validationFailureAction).toLowerCase() === 'audit';
    list(object(spec).rules).forEach(
      (rule, i) => void conversion.rule(source, object(rule), `/spec/rules/${i}`, audited),
    );
  }
  if (found === 0)
    throw new SecureError(
      'POLICY_INVALID',
      `${file} has no policy of Kyverno: a ClusterPolicy or Policy of kyverno.io`,
      {
        hint: 'policies with verifyImages are taken over; ImageValidatingPolicy is not known',
        position: { file },
      },
    );
  return {
    policy: importedPolicy('kyverno', { images: conversion.entries }),
    notes: conversion.notes.list,
    keys: mapper.files,
  };
}
