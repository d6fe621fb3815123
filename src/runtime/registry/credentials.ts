// SPDX-License-Identifier: Apache-2.0
// Credentials as `docker login` and `podman login` leave them. Nothing read here ever gets into a message.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { SecureError } from '../../errors.ts';
import { JsonObject } from '../images/oci/json.ts';
import type { Reference } from '../images/reference.ts';
import { Inputs } from '../inputs.ts';

export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token. */
  | { readonly kind: 'identity'; readonly token: string };

const FILE_LIMIT = 1 << 20;
const ENTRY_LIMIT = 10_000;

/** Where they may be, in the order in which they are looked for. */
export function credentialFiles(env: NodeJS.ProcessEnv = process.env): string[] {
  const runtime = env.XDG_RUNTIME_DIR || `/run/containers/${process.geteuid?.() ?? 0}`;
  const docker = env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker');
  return [join(docker, 'config.json'), join(runtime, env.XDG_RUNTIME_DIR ? 'containers/auth.json' : 'auth.json')];
}

/** docker writes `https://index.docker.io/v1/`, podman `docker.io/library/nginx`. */
function normalized(key: string): string {
  const name = key.replace(/^https?:\/\//, '').replace(/\/(?:v[12]\/?)?$/, '');
  return name.replace(/^(?:index\.|registry-1\.)docker\.io(?=\/|$)/, 'docker.io').toLowerCase();
}

/** The most specific name first: `registry/team/app`, `registry/team`, `registry`. */
function scopes({ registry, repository }: Pick<Reference, 'registry' | 'repository'>): string[] {
  const parts = [registry, ...repository.split('/')];
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

function helperError(path: string, helper: string, registry: string): SecureError {
  return new SecureError(
    'REGISTRY_AUTH',
    `${path} keeps the credentials of ${registry} in the helper docker-credential-${helper}, and helpers are not supported in this version`,
    {
      hint: `log in without it: podman login ${registry}, or a config.json without credsStore and credHelpers in DOCKER_CONFIG`,
    },
  );
}

function lookUp(path: string, json: JsonObject, names: readonly string[], registry: string): Credentials | undefined {
  const under = (key: string): Map<string, string> =>
    new Map(json.keys(key, ENTRY_LIMIT).map((name) => [normalized(name), name]));
  const [auths, helpers] = [under('auths'), under('credHelpers')];
  for (const name of names) {
    const helper = helpers.get(name);
    if (helper !== undefined) throw helperError(path, json.object('credHelpers').string(helper), registry);
    const key = auths.get(name);
    if (key === undefined) continue;
    const found = entry(json.object('auths').object(key));
    if (found !== undefined) return found;
    const store = json.string('credsStore', '');
    if (store !== '') throw helperError(path, store, registry);
  }
  return undefined;
}

/**
 * The credentials for a repository, undefined when there are none.
 * @throws SecureError CONFIG_INVALID, INVALID_VALUE (unreadable file), REGISTRY_AUTH (a credential helper has them)
 */
export function findCredentials(
  reference: Pick<Reference, 'registry' | 'repository'>,
  env: NodeJS.ProcessEnv = process.env,
): Credentials | undefined {
  const names = scopes(reference);
  for (const path of credentialFiles(env)) {
    const file = new Inputs().read(path, FILE_LIMIT);
    if (file === undefined) continue;
    const found = lookUp(path, JsonObject.parse(file.data, 'CONFIG_INVALID', path), names, reference.registry);
    if (found !== undefined) return found;
  }
  return undefined;
}
