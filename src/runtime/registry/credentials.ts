// SPDX-License-Identifier: Apache-2.0
// Credentials as `docker login` and `podman login` leave them. Nothing read here ever gets into a message.
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../images/oci/json.ts';
import type { Reference } from '../images/reference.ts';
import { Inputs } from '../inputs.ts';
import { callerId } from '../rootless/identity.ts';
import { helperGet } from './helper.ts';
import { type Credentials, parseSecret } from './types.ts';

export const CREDENTIALS_FILE_LIMIT = 1 << 20;
export const ENTRY_LIMIT = 10_000;
/** The name of Docker Hub where docker keeps it. */
export const DOCKER_HUB_KEY = 'https://index.docker.io/v1/';

export interface Lookup {
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** Docker's configuration file. */
export function dockerConfig(env: NodeJS.ProcessEnv): string {
  return join(env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker'), 'config.json');
}

/** Where they may be, in the order in which they are looked for. REGISTRY_AUTH_FILE is the only one where it is set. */
export function credentialFiles(env: NodeJS.ProcessEnv = process.env): string[] {
  if (env.REGISTRY_AUTH_FILE) return [env.REGISTRY_AUTH_FILE];
  const runtime = env.XDG_RUNTIME_DIR || `/run/containers/${callerId()}`;
  return [dockerConfig(env), join(runtime, env.XDG_RUNTIME_DIR ? 'containers/auth.json' : 'auth.json')];
}

/** docker writes `https://index.docker.io/v1/`, podman `docker.io/library/nginx`. */
export function normalized(key: string): string {
  const name = key.replace(/^https?:\/\//, '').replace(/\/(?:v[12]\/?)?$/, '');
  return name.replace(/^(?:index\.|registry-1\.)docker\.io(?=\/|$)/, 'docker.io').toLowerCase();
}

/** The names under which docker and podman leave a registry with a helper. */
export function helperKeys(registry: string): string[] {
  return registry === 'docker.io' ? [DOCKER_HUB_KEY, registry] : [registry];
}

/** The most specific name first: `registry/team/app`, `registry/team`, `registry`. */
function scopes({ registry, repository }: Pick<Reference, 'registry' | 'repository'>): string[] {
  const parts = [registry, ...repository.split('/')].filter((part) => part !== '');
  return parts.map((_, i) => parts.slice(0, parts.length - i).join('/'));
}

function entry(json: JsonObject): Credentials | undefined {
  const token = json.string('identitytoken', '');
  if (token !== '') return { kind: 'identity', token };
  const auth = json.string('auth', '');
  if (auth === '') {
    const [username, password] = [json.string('username', ''), json.string('password', '')];
    return username === '' ? undefined : { kind: 'password', username, password };
  }
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1 || /[\0\r\n]/.test(text)) throw json.fail('auth', 'is not base64 of USER:PASSWORD');
  return { kind: 'password', username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** The first that a helper has, of several names for the same. */
async function ask(helper: string, keys: readonly string[], { env = process.env, signal }: Lookup) {
  const options = { env, ...(signal === undefined ? {} : { signal }) };
  for (const key of new Set(keys)) {
    const found = await helperGet(helper, key, options);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function lookUp(json: JsonObject, names: readonly string[], registry: string, lookup: Lookup) {
  const under = (key: string): Map<string, string> =>
    new Map(json.keys(key, ENTRY_LIMIT).map((name) => [normalized(name), name]));
  const [auths, helpers] = [under('auths'), under('credHelpers')];
  const keys: string[] = [];
  for (const name of names) {
    const helper = helpers.get(name);
    if (helper !== undefined) {
      const found = await ask(
        json.object('credHelpers').string(helper),
        [helper, ...(name === registry ? helperKeys(registry) : [])],
        lookup,
      );
      if (found !== undefined) return found;
    }
    const key = auths.get(name);
    if (key === undefined) continue;
    const found = entry(json.object('auths').object(key));
    if (found !== undefined) return found;
    keys.push(key);
  }
  const store = json.string('credsStore', '');
  return store === '' ? undefined : ask(store, [...keys, ...helperKeys(registry)], lookup);
}

/**
 * The credentials for a repository, undefined when there are none. In each file: what a helper of its own has or the entry
 * says, the most specific name first; then what the helper for everything has.
 * @throws SecureError CONFIG_INVALID, INVALID_VALUE (unreadable file), REGISTRY_AUTH (a credential helper fails)
 */
export async function findCredentials(
  reference: Pick<Reference, 'registry' | 'repository'>,
  lookup: Lookup = {},
): Promise<Credentials | undefined> {
  const names = scopes(reference);
  for (const path of credentialFiles(lookup.env)) {
    const file = new Inputs().read(path, CREDENTIALS_FILE_LIMIT);
    if (file === undefined) continue;
    const json = parseSecret(file.data, 'CONFIG_INVALID', path);
    const found = await lookUp(json, names, reference.registry, lookup);
    if (found !== undefined) return found;
  }
  return undefined;
}
