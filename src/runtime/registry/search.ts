// SPDX-License-Identifier: Apache-2.0
// Searching: Docker Hub has an interface for it, other registries a catalog of their repositories.
import { SecureError } from '../../errors.ts';
import { DOCUMENT_LIMIT, JsonObject } from '../images/oci/json.ts';
import { isShortName, type Reference } from '../images/reference.ts';
import { RegistryClient } from './client.ts';
import { failureOf } from './failure.ts';
import { listNames, REPOSITORY } from './lists.ts';
import { parseRegistry } from './login.ts';
import { type ClientOptions, Session } from './session.ts';
import { readBody } from './transport.ts';

export interface Found {
  /** As it is pulled. */
  readonly name: string;
  readonly description: string;
  /** Null where the registry does not say. */
  readonly stars: number | null;
  readonly official: boolean | null;
}

export interface SearchOptions extends ClientOptions {
  /** Of results; 25. */
  readonly limit?: number;
  /** Where Docker Hub is searched. */
  readonly index?: string;
}

export interface Results {
  readonly results: readonly Found[];
  /** There are, or may be, more than the limit. */
  readonly more: boolean;
}

const INDEX = 'index.docker.io';
const RESULTS = 25;
/** Docker Hub sends no more at a time. */
const HUB_LIMIT = 100;

/** `TERM` of Docker Hub, `REGISTRY/TERM` of another one; an empty term there is all that it has. @throws SecureError INVALID_VALUE */
export function parseTerm(text: string): { registry: string; term: string } {
  const short = isShortName(text);
  const slash = text.indexOf('/');
  const registry = short ? 'docker.io' : parseRegistry(text.slice(0, slash));
  const term = short ? text : text.slice(slash + 1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (term.length > 200 || /[\u0000-\u001f\u007f]/.test(term) || (term === '' && registry === 'docker.io')) {
    throw new SecureError('INVALID_VALUE', `${JSON.stringify(text.slice(0, 200))} is nothing to search for`, {
      hint: 'a part of a name, after a registry and a slash where it is not Docker Hub: nginx, registry.example/nginx',
    });
  }
  return { registry, term };
}

/** @throws SecureError REGISTRY_*, INVALID_VALUE, LIMIT_EXCEEDED */
export function search(text: string, options: SearchOptions = {}): Promise<Results> {
  const { registry, term } = parseTerm(text);
  return registry === 'docker.io' ? searchHub(term, options) : searchCatalog(registry, term, options);
}

async function searchHub(
  term: string,
  { limit = RESULTS, index = INDEX, ...options }: SearchOptions,
): Promise<Results> {
  const session = new Session({ ...options, registry: index, scopes: [] });
  try {
    const at = new URL(
      `/v1/search?${new URLSearchParams({ q: term, n: String(Math.min(limit, HUB_LIMIT)) })}`,
      await session.base(),
    );
    const answer = await session.request({ at });
    const asked = {
      registry: 'docker.io',
      repository: 'its index',
      what: 'search',
      unknown: 'REGISTRY_PROTOCOL',
    } as const;
    if (answer.status !== 200) throw await failureOf(answer, asked);
    const what = 'the result of the search';
    const json = JsonObject.parse(await readBody(answer, DOCUMENT_LIMIT, what), 'REGISTRY_PROTOCOL', what);
    const all = json.objects('results', 1000);
    const results = all.slice(0, limit).map((entry) => ({
      name: entry.string('name'),
      description: entry.string('description', ''),
      stars: entry.has('star_count') ? entry.integer('star_count', 2 ** 40) : null,
      official: entry.has('is_official') ? entry.boolean('is_official') : null,
    }));
    const total = json.has('num_results') ? json.integer('num_results', 2 ** 40) : all.length;
    return { results, more: Math.max(total, all.length) > results.length };
  } finally {
    session.close();
  }
}

async function searchCatalog(
  registry: string,
  term: string,
  { limit = RESULTS, ...options }: SearchOptions,
): Promise<Results> {
  const session = new Session({ ...options, registry, scopes: ['registry:catalog:*'] });
  try {
    const asked = { registry, repository: 'it', what: 'catalog', unknown: 'REGISTRY_PROTOCOL' } as const;
    const failure = (answer: Parameters<typeof failureOf>[0]) => failureOf(answer, asked);
    const wanted = term.toLowerCase();
    const results: Found[] = [];
    for await (const name of listNames({ session, at: '_catalog', key: 'repositories', form: REPOSITORY, failure })) {
      if (!name.includes(wanted)) continue;
      if (results.length === limit) return { results, more: true };
      results.push({ name: `${registry}/${name}`, description: '', stars: null, official: null });
    }
    return { results, more: false };
  } finally {
    session.close();
  }
}

/** Tags of a repository, all or the first ones. @throws SecureError MANIFEST_UNKNOWN, REGISTRY_*, LIMIT_EXCEEDED */
export async function listTags(
  reference: Reference,
  { limit = Number.POSITIVE_INFINITY, ...options }: SearchOptions = {},
): Promise<{ readonly tags: readonly string[]; readonly more: boolean }> {
  const client = new RegistryClient(reference, options);
  const tags: string[] = [];
  try {
    for await (const tag of client.tags()) {
      if (tags.length === limit) return { tags, more: true };
      tags.push(tag);
    }
    return { tags, more: false };
  } finally {
    client.close();
  }
}
