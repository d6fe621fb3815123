// SPDX-License-Identifier: Apache-2.0
// Where simple signatures are: beside the registry, by a configuration that podman and skopeo read too
// (containers/image docs/containers-registries.d.5): BASE/REPOSITORY@sha256=HEX/signature-N.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readBodyBounded } from '../../../../bounded.ts';
import { SecureError } from '../../../../errors.ts';
import { parseDigest } from '../../digest.ts';
import type { Candidate, Requirement } from '../types.ts';

const SYSTEM = '/etc/containers/registries.d';
const FILE_LIMIT = 1 << 20;
/** Bytes of a signature, and how many there may be. */
const SIGNATURE_LIMIT = 1 << 20;
const COUNT_LIMIT = 100;
const TIMEOUT_MS = 30_000;

interface Section {
  readonly lookaside?: unknown;
  readonly sigstore?: unknown;
}
interface Document {
  readonly 'default-docker'?: Section;
  readonly docker?: Readonly<Record<string, Section | null>>;
}

function unreadable(what: string, why: string): SecureError {
  return new SecureError('CONFIG_INVALID', `${what} ${why}`, { hint: 'see containers-registries.d(5)' });
}

function checked(url: unknown, what: string): string {
  if (typeof url !== 'string' || !/^(?:file:\/\/\/|https?:\/\/)/.test(url))
    throw unreadable(what, `names ${JSON.stringify(url)}, which is no address of the kind file, http or https`);
  return url.replace(/\/+$/, '');
}

async function documents(directory: string): Promise<{ path: string; document: Document }[]> {
  const { parse } = await import('../../../config/yaml.ts');
  const found: { path: string; document: Document }[] = [];
  for (const name of readdirSync(directory)
    .filter((each) => each.endsWith('.yaml'))
    .sort()) {
    const path = join(directory, name);
    if (statSync(path).size > FILE_LIMIT) throw unreadable(path, 'is too large');
    try {
      found.push({ path, document: (parse(readFileSync(path, 'utf8'), { maxAliasCount: 0 }) ?? {}) as Document });
    } catch {
      throw unreadable(path, 'is no YAML');
    }
  }
  return found;
}

interface Place {
  /** `` for the default. */
  readonly name: string;
  readonly address: string;
}

/** Every address that a directory of configuration has. @throws SecureError CONFIG_INVALID */
async function places(directory: string): Promise<Place[]> {
  return (await documents(directory)).flatMap(({ path, document }) => {
    const general = document['default-docker'];
    const sections = Object.entries(document.docker ?? {});
    return [...(general === undefined ? [] : [['', general] as const]), ...sections].flatMap(([name, section]) => {
      const address = section?.lookaside ?? section?.sigstore;
      return address === undefined ? [] : [{ name, address: checked(address, path) }];
    });
  });
}

const covers = (name: string, repository: string): boolean =>
  name === '' || repository === name || repository.startsWith(`${name}/`);

/** Of the longest name that is a part of it; of two the first. */
function nearest(all: readonly Place[], repository: string): Place | undefined {
  const found = all.filter(({ name }) => covers(name, repository));
  return found.reduce<Place | undefined>(
    (best, place) => (best === undefined || place.name.length > best.name.length ? place : best),
    undefined,
  );
}

/**
 * One address for everything below a part of a registry: `host`, `host/team`, `host/team/app`; for the empty text everything that there is.
 * @returns no address where nothing is configured, a problem where parts of it have others
 * @throws SecureError CONFIG_INVALID
 */
export async function lookasideBelow(
  directory: string,
): Promise<(scope: string) => { address?: string; problem?: string }> {
  const all = await places(directory);
  return (scope) => {
    const address = nearest(all, scope)?.address;
    const inner = all.filter((place) => place.name !== scope && covers(scope, place.name) && place.address !== address);
    if (inner.length > 0)
      return { problem: `signatures of ${inner[0]?.name} lie elsewhere: all are looked for by registries.d` };
    return address === undefined ? {} : { address };
  };
}

/**
 * The base address for a repository: of the longest name that is a part of it, else the default. Undefined: there is none.
 * @param repository `registry/path`
 * @throws SecureError CONFIG_INVALID
 */
export async function configuredLookaside(
  repository: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  const own = join(env.HOME ?? '/nonexistent', '.config/containers/registries.d');
  const directory = existsSync(own) ? own : SYSTEM;
  if (!existsSync(directory)) return undefined;
  return nearest(await places(directory), repository)?.address;
}

function fromFile(url: string): Buffer | undefined {
  const path = fileURLToPath(url);
  if (!existsSync(path)) return undefined;
  const stat = statSync(path);
  if (!stat.isFile() || stat.size > SIGNATURE_LIMIT)
    throw new SecureError('LIMIT_EXCEEDED', `${path} is no signature: it is no file, or too large`);
  return readFileSync(path);
}

async function fromServer(url: string): Promise<Buffer | undefined> {
  const failed = (why: string, cause?: unknown) =>
    new SecureError('REGISTRY_UNREACHABLE', `signatures cannot be asked for: ${url}: ${why}`, {
      hint: 'try again when the server answers',
      exitCode: 1,
      cause,
    });
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.status === 404 || response.status === 403) return undefined;
    if (!response.ok) throw failed(`it answers ${response.status}`);
    const body = await readBodyBounded(response, SIGNATURE_LIMIT);
    if (body === undefined) throw new SecureError('LIMIT_EXCEEDED', `${url} is larger than a signature may be`);
    return body;
  } catch (error) {
    if (error instanceof SecureError) throw error;
    throw failed((error as Error).message, error);
  }
}

/** Directory of the signatures of a manifest. @param repository `registry/path` */
export function signaturesUrl(base: string, repository: string, digest: string): string {
  const { algorithm, hex } = parseDigest(digest) ?? { algorithm: 'sha256', hex: '' };
  return `${base}/${repository.slice(repository.indexOf('/') + 1)}@${algorithm}=${hex}`;
}

/** Signatures of manifests below one address, in order. @throws SecureError REGISTRY_UNREACHABLE, LIMIT_EXCEEDED */
async function findBelow(base: string, repository: string, digests: readonly string[]): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const digest of new Set(digests)) {
    for (let i = 1; i <= COUNT_LIMIT; i++) {
      const place = `${signaturesUrl(base, repository, digest)}/signature-${i}`;
      const signature = place.startsWith('file:') ? fromFile(place) : await fromServer(place);
      if (signature === undefined) break;
      found.push({ format: 'gpg', place, signature });
    }
  }
  return found;
}

/** What requirements that name OpenPGP keys ask for; nothing is looked at for others. @throws SecureError CONFIG_INVALID, as `findBelow` */
export async function findGpgSignatures(
  requirements: readonly Requirement[],
  repository: string,
  digests: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Candidate[]> {
  const bases = new Set<string>();
  for (const signer of requirements.flatMap(({ signers }) => signers)) {
    if (signer.kind !== 'gpg') continue;
    const base =
      signer.lookaside === undefined
        ? await configuredLookaside(repository, env)
        : checked(signer.lookaside, '--lookaside');
    if (base !== undefined) bases.add(base);
  }
  const found: Candidate[] = [];
  for (const base of bases) found.push(...(await findBelow(base, repository, digests)));
  return found;
}
