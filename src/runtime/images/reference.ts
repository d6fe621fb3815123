// SPDX-License-Identifier: Apache-2.0
import { SecureError } from '../../errors.ts';
import { parseDigest } from './digest.ts';

/** A full image reference (distribution-spec names). At least one of `tag` and `digest` is set. */
export interface Reference {
  /** `docker.io`, `localhost`, `registry.example:5000`, `[::1]:5000`; lower case. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:]{2,39}\])$/;
const NAME_LIMIT = 255;

function invalid(text: string, problem: string, offset: number): SecureError {
  const shown = JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text);
  return new SecureError('REFERENCE_INVALID', `image reference ${shown}: ${problem} (at character ${offset + 1})`, {
    hint: 'a reference is [REGISTRY/]NAME[:TAG][@DIGEST], for example nginx, localhost/app:1.2 or registry.example/team/app@sha256:…',
  });
}

/**
 * Where a name's registry ends, by Docker's rule: the first component is a registry when it has a dot or a port or is
 * localhost. Unlike Docker's, capitals make none: hosts are kept in lower case, and `Team/app` would be read back as another name.
 */
function registryLength(name: string): number {
  const slash = name.indexOf('/');
  if (slash < 0) return -1;
  const first = name.slice(0, slash);
  return first === 'localhost' || /[.:[]/.test(first) || first === '' ? slash : -1;
}

function checkRegistry(text: string, registry: string): string {
  const lower = registry.toLowerCase();
  const port = /:(\d*)$/.exec(lower.startsWith('[') ? lower.slice(lower.indexOf(']') + 1) : lower);
  const host = port === null ? lower : lower.slice(0, lower.length - port[0].length);
  if (registry === '') throw invalid(text, 'the registry is empty', 0);
  if (!HOST.test(host)) throw invalid(text, `${JSON.stringify(host)} is no host name`, 0);
  if (port !== null) {
    const number = Number(port[1]);
    if (!/^[1-9]\d{0,4}$/.test(port[1] ?? '') || number > 65535) {
      throw invalid(text, `${JSON.stringify(port[1])} is no port`, host.length + 1);
    }
  }
  return lower === 'index.docker.io' ? 'docker.io' : lower;
}

function checkRepository(text: string, path: string, start: number): void {
  let offset = start;
  for (const component of path.split('/')) {
    if (component === '') throw invalid(text, 'a part of the name is empty', offset);
    if (!COMPONENT.test(component)) {
      const why = /[A-Z]/.test(component)
        ? 'names are in lower case'
        : 'a name has letters, digits and single separators . _ -';
      throw invalid(text, `${JSON.stringify(component)} is no name: ${why}`, offset);
    }
    offset += component.length + 1;
  }
}

/**
 * Parse a reference as typed; a name without a registry is one of docker.io, one without a path is one of
 * docker.io/library, one without tag and digest has the tag `latest`.
 * Throws REFERENCE_INVALID with what is wrong and where.
 */
export function parseReference(text: string): Reference {
  if (text === '') throw invalid(text, 'it is empty', 0);
  if (text.length > 1024) throw invalid(text, 'it is longer than 1024 characters', 1024);
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && parseDigest(digest) === undefined) {
    throw invalid(text, 'what follows @ is no digest (sha256:<64 hex digits>)', at + 1);
  }
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) throw invalid(text, `${JSON.stringify(tag)} is no tag`, colon + 1);
  const name = colon < 0 ? named : named.slice(0, colon);
  if (name === '') throw invalid(text, 'the name is empty', 0);
  const cut = registryLength(name);
  const registry = cut < 0 ? 'docker.io' : checkRegistry(text, name.slice(0, cut));
  const path = name.slice(cut + 1);
  checkRepository(text, path, cut + 1);
  if (/^[0-9a-f]{64}$/.test(path) && cut < 0) {
    throw invalid(text, 'a name of 64 hex digits cannot be told from a digest; write sha256:…', 0);
  }
  const repository = registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  if (registry.length + 1 + repository.length > NAME_LIMIT)
    throw invalid(text, 'the name is longer than 255 characters', NAME_LIMIT);
  const effectiveTag = tag ?? (digest === undefined ? 'latest' : undefined);
  return {
    registry,
    repository,
    ...(effectiveTag === undefined ? {} : { tag: effectiveTag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** True when the text names no registry, so that an image of this host may be meant. */
export function isShortName(text: string): boolean {
  return registryLength(text) < 0;
}

/** `registry/repository[:tag][@digest]`. */
export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** What a name given to something made on this host means: `app` is `localhost/app:latest`. A digest cannot be chosen. */
export function parseNewName(text: string): Reference {
  const reference = parseReference(isShortName(text) ? `localhost/${text}` : text);
  if (reference.digest !== undefined) {
    throw invalid(text, 'a digest follows from the content and cannot be given', text.indexOf('@'));
  }
  return reference;
}

/**
 * The references that a text may mean, in the order in which they are looked up: a short name that is present as
 * `localhost/NAME` means that image, otherwise what it resolves to.
 */
export function candidates(text: string): readonly Reference[] {
  const resolved = parseReference(text);
  if (!isShortName(text)) return [resolved];
  return [parseReference(`localhost/${text}`), resolved];
}
