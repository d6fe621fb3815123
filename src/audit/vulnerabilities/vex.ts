// SPDX-License-Identifier: Apache-2.0
// OpenVEX (github.com/openvex/spec, 0.2.0): what whoever made a product says about flaws that a scanner finds in it.
import { ExitCode, SecureError } from '../../errors.ts';
import { isSystem } from '../../runtime/images/sbom/components.ts';
import type { Vulnerabilities, Vulnerability } from './match.ts';

export interface Statement {
  /** Names of one flaw. */
  readonly vulnerability: readonly string[];
  readonly products: readonly { readonly ids: readonly string[]; readonly parts: readonly (readonly string[])[] }[];
  readonly status: string;
  /** Why, in the words of the document. */
  readonly why: string;
}
export interface Vex {
  readonly path: string;
  readonly statements: readonly Statement[];
}

const STATUSES = ['not_affected', 'affected', 'fixed', 'under_investigation'];

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws SecureError AUDIT_UNREADABLE */
export function parseVex(value: unknown, path: string): Vex {
  const invalid = (why: string): SecureError =>
    new SecureError('AUDIT_UNREADABLE', `${path} is no OpenVEX document: ${why}`, {
      hint: 'see github.com/openvex/spec; vexctl writes such documents',
      exitCode: ExitCode.usage,
      position: { file: path },
    });
  const object = (one: unknown, what: string): Json => {
    if (!isObject(one)) throw invalid(`${what} is no object`);
    return one;
  };
  const list = (one: unknown, what: string): unknown[] => {
    if (one === undefined) return [];
    if (!Array.isArray(one)) throw invalid(`${what} is no list`);
    return one;
  };
  const text = (one: unknown): string[] => (typeof one === 'string' && one !== '' ? [one] : []);
  const ids = (one: Json): string[] => {
    const more = one.identifiers === undefined ? {} : object(one.identifiers, 'identifiers');
    const found = [
      ...text(one['@id']),
      ...text(more.purl),
      ...Object.values(object(one.hashes ?? {}, 'hashes')).flatMap(text),
    ];
    if (found.length === 0) throw invalid('a product has no @id and no purl');
    return found;
  };
  const document = object(value, 'the document');
  if (!text(document['@context']).some((context) => context.startsWith('https://openvex.dev/ns')))
    throw invalid('its @context is not https://openvex.dev/ns/v0.2.0');
  const statements = list(document.statements, 'statements').map((each): Statement => {
    const one = object(each, 'a statement');
    const flaw =
      typeof one.vulnerability === 'string' ? { name: one.vulnerability } : object(one.vulnerability, 'vulnerability');
    const names = [...text(flaw.name), ...list(flaw.aliases, 'aliases').flatMap(text)];
    const [status = ''] = text(one.status);
    if (names.length === 0) throw invalid('a statement names no vulnerability');
    if (!STATUSES.includes(status))
      throw invalid(`the status ${JSON.stringify(status)} is none of ${STATUSES.join(', ')}`);
    const why = [...text(one.justification), ...text(one.impact_statement), ...text(one.status_notes)].join(': ');
    if (status === 'not_affected' && why === '') throw invalid(`${names[0]} is not_affected without a justification`);
    const products = list(one.products, 'products').map((product) => {
      const whole = typeof product === 'string' ? { '@id': product } : object(product, 'a product');
      const parts = list(whole.subcomponents, 'subcomponents').map((part) =>
        ids(typeof part === 'string' ? { '@id': part } : object(part, 'a subcomponent')),
      );
      return { ids: ids(whole), parts };
    });
    return { vulnerability: names, products, status, why };
  });
  return { path, statements };
}

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};

/** Type, namespace and name, and the version where there is one (purl-spec). */
function purl(text: string): { name: string; version: string | undefined } | undefined {
  const [, path = '', at] = /^pkg:([^@?#]+)(?:@([^?#]+))?/.exec(text) ?? [];
  const name = decoded(path);
  const version = at === undefined ? undefined : decoded(at);
  if (name === undefined || name === '' || (at !== undefined && version === undefined)) return undefined;
  return { name: name.toLowerCase(), version };
}

/** Is a package of an image meant? */
function isPackage(id: string, { type, name, version }: Vulnerability): boolean {
  const found = purl(id);
  if (found === undefined) return false;
  // pkg:deb/debian/NAME: whose distribution it is of does not tell it from another one.
  const [kind, ...rest] = found.name.split('/');
  const called = isSystem(type) ? rest.slice(1).join('/') : rest.join('/');
  const named = kind === type && called === name.toLowerCase();
  return named && (found.version === undefined || found.version === version);
}

export interface Product {
  /** Full reference. */
  readonly reference: string;
  readonly digest: string;
}

/** `pkg:oci/NAME@sha256:…`, the digest alone, or the reference: an image by its content or by its name. */
function isImage(id: string, { reference, digest }: Product): boolean {
  if (id === digest || id === reference || id === digest.replace(/^sha256:/, '')) return true;
  const found = purl(id);
  return found?.name.startsWith('oci/') === true && found.version === digest;
}

/** The same without what documents say that it is not affected by. A later statement about the same takes the place of one before. */
export function withoutExcepted(known: Vulnerabilities, product: Product, documents: readonly Vex[]): Vulnerabilities {
  const statements = documents.flatMap(({ path, statements: all }) => all.map((one) => ({ ...one, path })));
  const excepted: string[] = [];
  const found = known.found.filter((one) => {
    const about = statements.findLast(
      ({ vulnerability, products }) =>
        vulnerability.some((name) => one.ids.includes(name)) &&
        products.some(
          ({ ids, parts }) =>
            ids.some((id) => isPackage(id, one)) ||
            (ids.some((id) => isImage(id, product)) &&
              (parts.length === 0 || parts.some((part) => part.some((id) => isPackage(id, one))))),
        ),
    );
    if (about === undefined || (about.status !== 'not_affected' && about.status !== 'fixed')) return true;
    excepted.push(
      `${one.id} of ${one.name}: ${about.status}${about.why === '' ? '' : `, ${about.why}`} (${about.path})`,
    );
    return false;
  });
  return { ...known, found, excepted };
}
