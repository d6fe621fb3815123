// SPDX-License-Identifier: Apache-2.0
// `secure login` and `secure logout`, for docker, podman and skopeo as well: the files and helpers are theirs.
import { existsSync } from 'node:fs';
import { SecureError } from '../../errors.ts';
import { parseReference } from '../images/reference.ts';
import { type Document, editAuthFile, member } from './authfile.ts';
import { credentialFiles, DOCKER_HUB_KEY, dockerConfig, helperKeys, normalized } from './credentials.ts';
import { helperErase, helperStore } from './helper.ts';
import { protocol } from './problems.ts';
import { type ClientOptions, Session } from './session.ts';
import type { Credentials } from './types.ts';

export type LoginOptions = ClientOptions;

export interface Stored {
  readonly file: string;
  /** What follows `docker-credential-`, where a helper keeps it. */
  readonly helper: string | null;
  /** False when the registry lets anybody in where credentials are tried, so that they could not be. */
  readonly checked: boolean;
}

export interface Forgotten {
  readonly registry: string;
  readonly file: string;
  readonly helper: string | null;
}

/** The registry that a text names: `registry.example:5000`, as docker takes it `https://index.docker.io/v1/`. @throws SecureError INVALID_VALUE */
export function parseRegistry(text: string): string {
  const name = normalized(text);
  try {
    const { registry, repository } = parseReference(`${name}/x`);
    if (registry === name && name !== 'localhost' && repository.endsWith('x')) return registry;
  } catch {
    // Said below, of the registry alone.
  }
  throw new SecureError('INVALID_VALUE', `${JSON.stringify(text.slice(0, 200))} is no registry`, {
    hint: 'a registry is HOST[:PORT], without the name of an image: docker.io, registry.example, localhost:5000',
  });
}

/** @throws SecureError INVALID_VALUE for what cannot be sent as Basic credentials (RFC 7617) */
export function checkPair(username: string, password: string): Credentials {
  const wrong = (what: string, problem: string) => new SecureError('INVALID_VALUE', `the ${what} ${problem}`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  const control = /[\u0000-\u001f\u007f]/;
  if (username === '') throw wrong('user name', 'is empty');
  if (username.includes(':') || control.test(username))
    throw wrong('user name', 'has a colon or control characters in it');
  if (password === '') throw wrong('password', 'is empty');
  if (control.test(password)) throw wrong('password', 'has control characters in it, or more than one line');
  return { kind: 'password', username, password };
}

/** Try credentials at `/v2/` (distribution "API Version Check"). False: nobody asked for them. */
async function tryOut(registry: string, credentials: Credentials, options: LoginOptions): Promise<boolean> {
  const session = new Session({ ...options, registry, scopes: [], credentials });
  try {
    const answer = await session.request({ at: '' });
    answer.discard();
    if (answer.status === 403) {
      throw new SecureError('REGISTRY_DENIED', `registry ${registry}: it denies this user access`, {
        hint: 'nothing was stored',
      });
    }
    if (answer.status !== 200) throw protocol(session.host, `it answers ${answer.status} at /v2/: it is no registry`);
    return session.authorized;
  } finally {
    session.close();
  }
}

/** The names in a file that mean exactly this registry. */
const keysOf = (registry: string, entries: Document): string[] =>
  Object.keys(entries).filter((key) => normalized(key) === registry);

function helperOf(path: string, document: Document, registry: string): string | null {
  const helpers = member(path, document, 'credHelpers');
  const [key] = keysOf(registry, helpers);
  const name = key === undefined ? document.credsStore : helpers[key];
  return typeof name === 'string' && name !== '' ? name : null;
}

/** Under how docker calls Docker Hub in docker's file, how podman does in any other. */
const keyIn = (path: string, registry: string, env: NodeJS.ProcessEnv): string =>
  registry === 'docker.io' && path === dockerConfig(env) ? DOCKER_HUB_KEY : registry;

/**
 * Try credentials at their registry and store them where they are looked for first: `$REGISTRY_AUTH_FILE`, else docker's
 * `config.json`; with the helper that the file names for the registry, or in the file.
 * @throws SecureError REGISTRY_*, CONFIG_INVALID, INVALID_VALUE, NO_SPACE
 */
export async function login(registry: string, credentials: Credentials, options: LoginOptions = {}): Promise<Stored> {
  const { env = process.env } = options;
  const checked = await tryOut(registry, credentials, options);
  const file = env.REGISTRY_AUTH_FILE || dockerConfig(env);
  const key = keyIn(file, registry, env);
  let helper: string | null = null;
  await editAuthFile(file, async (document) => {
    const auths = member(file, document, 'auths');
    helper = helperOf(file, document, registry);
    // First the helper, so that nothing is said to be stored that is not.
    if (helper !== null) await helperStore(helper, key, credentials, { env });
    // Other spellings of the same would go on to count.
    for (const old of keysOf(registry, auths)) delete auths[old];
    auths[key] = helper === null ? entry(credentials) : {};
    document.auths = auths;
    return true;
  });
  return { file, helper, checked };
}

function entry(credentials: Credentials): Document {
  if (credentials.kind === 'identity') return { identitytoken: credentials.token };
  return { auth: Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64') };
}

/** What one file has of a registry: keys of entries, and with a helper the names that it may be kept under. */
interface Held {
  readonly registry: string;
  readonly keys: readonly string[];
  readonly helper: string | null;
  readonly kept: ReadonlySet<string>;
}

function held(file: string, document: Document, registry: string | undefined): Held[] {
  const auths = member(file, document, 'auths');
  const helpers = member(file, document, 'credHelpers');
  const names = registry === undefined ? [...Object.keys(auths), ...Object.keys(helpers)].map(normalized) : [registry];
  return [...new Set(names)].map((name) => {
    const keys = keysOf(name, auths);
    const kept = new Set([...keys, ...keysOf(name, helpers), ...helperKeys(name)]);
    return { registry: name, keys, helper: helperOf(file, document, name), kept };
  });
}

/**
 * Forget the credentials of a registry, or all, in every file where they are looked for and with the helpers that those
 * name. More specific entries (`registry/team`) stay, unless all go. Returns what there was.
 * @throws SecureError CONFIG_INVALID, INVALID_VALUE, NO_SPACE; REGISTRY_AUTH when a helper fails, after everything else was done
 */
export async function logout(
  registry: string | undefined,
  { env = process.env }: LoginOptions = {},
): Promise<Forgotten[]> {
  const forgotten: Forgotten[] = [];
  const failures: unknown[] = [];
  for (const file of credentialFiles(env).filter((path) => existsSync(path))) {
    let all: Held[] = [];
    await editAuthFile(file, (document) => {
      all = held(file, document, registry);
      const auths = member(file, document, 'auths');
      const keys = all.flatMap(({ keys }) => keys);
      for (const key of keys) delete auths[key];
      return keys.length > 0;
    });
    for (const { registry, keys, helper, kept } of all) {
      let had = keys.length > 0;
      for (const key of helper === null ? [] : kept) {
        try {
          had = (await helperErase(helper ?? '', key, { env })) || had;
        } catch (error) {
          failures.push(error);
        }
      }
      if (had) forgotten.push({ registry, file, helper });
    }
  }
  if (failures.length > 0) throw failures[0];
  return forgotten;
}
