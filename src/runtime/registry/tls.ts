// SPDX-License-Identifier: Apache-2.0
// Certificates for one registry: of the configuration, or of certs.d as docker and podman have it (docker "Verify repository
// client with certificates", containers-certs.d(5)).
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { SecureError } from '../../errors.ts';
import { type Named, type RegistrySettings, unusable } from '../config/registries.ts';
import { errnoOf } from '../images/durable.ts';
import { Inputs } from '../inputs.ts';

export interface Tls {
  /** PEM. */
  readonly ca: readonly string[];
  readonly cert?: string;
  readonly key?: string;
  readonly insecure: boolean;
}

const PEM_LIMIT = 1 << 20;
/** What may be the name of a directory: anything else names no host. */
const HOST = /^[a-z0-9[](?!.*\.\.)[a-z0-9.:_\]-]*$/;

/** Where directories of hosts are, the user's first; the first that exists counts, as with podman. */
export function certificateDirectories(env: NodeJS.ProcessEnv): string[] {
  const config = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config');
  const own = [join(config, 'containers/certs.d'), join(config, 'docker/certs.d')];
  return [...own, '/etc/containers/certs.d', '/etc/docker/certs.d'];
}

function read({ path, position }: Named): string {
  const file = new Inputs().read(path, PEM_LIMIT);
  if (file === undefined) throw unusable({ path, position }, 'is not there');
  return file.data.toString('utf8');
}

/** Every certificate of a PEM file. */
function authorities(named: Named): string[] {
  const found = read(named).match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const text of found) new X509Certificate(text);
  } catch (cause) {
    throw unusable(named, 'is no PEM file of certificates', cause);
  }
  if (found.length === 0) throw unusable(named, 'has no certificate in it (PEM)');
  return found;
}

/** A client certificate, with the chain that may stand below it, and its key. The key gets into no message. */
function client(certificate: Named, key: Named): Pick<Tls, 'cert' | 'key'> {
  const [cert, secret] = [authorities(certificate), read(key)];
  let matches: boolean;
  try {
    matches = new X509Certificate(cert[0] ?? '').checkPrivateKey(createPrivateKey(secret));
  } catch {
    throw unusable(key, 'is no private key without a password (PEM)');
  }
  if (!matches) throw unusable(key, `is not the key of ${certificate.path}`);
  return { cert: cert.join('\n'), key: secret };
}

function names(directory: string): string[] | undefined {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw new SecureError('CONFIG_INVALID', `${directory} cannot be read: ${errnoOf(error)}`, { cause: error });
  }
}

function ofDirectory(directory: string, entries: readonly string[]): Tls {
  const named = (name: string): Named => ({ path: join(directory, name), position: { file: join(directory, name) } });
  const ca = entries.filter((name) => name.endsWith('.crt')).flatMap((name) => authorities(named(name)));
  const pairs = entries
    .filter((name) => name.endsWith('.cert'))
    .map((name) => [name, `${name.slice(0, -5)}.key`] as const);
  for (const [cert, key] of pairs) {
    if (entries.includes(key)) continue;
    throw new SecureError('CONFIG_INVALID', `${join(directory, cert)} has no ${key} beside it`, {
      hint: 'a client certificate is two files, NAME.cert and NAME.key; an authority is called NAME.crt',
      position: { file: join(directory, cert) },
    });
  }
  const alone = entries.find((name) => name.endsWith('.key') && !entries.includes(`${name.slice(0, -4)}.cert`));
  if (alone !== undefined) {
    throw new SecureError('CONFIG_INVALID', `${join(directory, alone)} has no certificate beside it`, {
      hint: 'a client certificate is two files, NAME.cert and NAME.key',
      position: { file: join(directory, alone) },
    });
  }
  const [pair] = pairs;
  return { ca, insecure: false, ...(pair === undefined ? {} : client(named(pair[0]), named(pair[1]))) };
}

/**
 * What counts for a host, undefined when that is what counts for any. Settings of the configuration stand for themselves: with `ca` or
 * `cert` in them, certs.d is not looked at.
 * @throws SecureError CONFIG_INVALID, INVALID_VALUE (unreadable file)
 */
export function tlsOf(
  host: string,
  settings: RegistrySettings | undefined,
  directories: readonly string[],
): Tls | undefined {
  const { ca, cert, key, insecure = false } = settings ?? {};
  if (ca !== undefined || cert !== undefined) {
    const own = cert === undefined || key === undefined ? {} : client(cert, key);
    return { ca: ca === undefined ? [] : authorities(ca), insecure, ...own };
  }
  for (const directory of HOST.test(host) ? directories : []) {
    const entries = names(join(directory, host));
    if (entries !== undefined) return { ...ofDirectory(join(directory, host), entries), insecure };
  }
  return insecure ? { ca: [], insecure } : undefined;
}
