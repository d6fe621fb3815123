// SPDX-License-Identifier: Apache-2.0
// Files of certificates, and whether clients of engines ask for signatures.
import { list, object, text } from '../container/json.ts';
import { words } from './docker.ts';
import type { Text, Tree } from './tree.ts';

/** Certificates of registries and of clients: HOST[:PORT]/NAME below each. */
const CERTIFICATES = ['/etc/docker/certs.d', '/etc/containers/certs.d', '/etc/containerd/certs.d'];
const MAX_REGISTRIES = 1000;

/** Absolute paths; undefined: a directory cannot be read. */
export function registryCertificates(tree: Tree): string[] | undefined {
  const found: string[] = [];
  for (const directory of CERTIFICATES) {
    const registries = tree.list(directory);
    if (registries === undefined) return undefined;
    for (const registry of registries.slice(0, MAX_REGISTRIES)) {
      const names =
        tree.stat(`${directory}/${registry}`)?.type === 'directory' ? tree.list(`${directory}/${registry}`) : [];
      if (names === undefined) return undefined;
      found.push(
        ...names
          .filter((name) => /\.(?:crt|cert|key|pem)$/.test(name))
          .map((name) => `${directory}/${registry}/${name}`),
      );
    }
  }
  return found;
}

export interface TrustFacts {
  /** What DOCKER_CONTENT_TRUST is set to for everybody who logs in; null: it is not. */
  readonly docker: string | null;
  /** The default of /etc/containers/policy.json, `insecureAcceptAnything`, `reject`, `signedBy`, `sigstoreSigned`; null: there is none. */
  readonly podman: string | null;
  /** Why a file cannot be read; null: all can. */
  readonly problem: string | null;
}

const POLICY = '/etc/containers/policy.json';
const ENVIRONMENT = ['/etc/environment', '/etc/profile'];

export function collectTrust(tree: Tree): TrustFacts {
  const scripts = tree.list('/etc/profile.d');
  const files = [
    ...ENVIRONMENT,
    ...(scripts ?? []).filter((name) => name.endsWith('.sh')).map((name) => `/etc/profile.d/${name}`),
  ];
  let problem = scripts === undefined ? '/etc/profile.d cannot be read' : null;
  let docker: string | null = null;
  for (const file of files) {
    const read = tree.read(file);
    if (read.status === 'unreadable') problem = `${file}: ${read.why}`;
    if (read.status !== 'text') continue;
    for (const [, value = ''] of read.text.matchAll(/^[ \t]*(?:export[ \t]+)?DOCKER_CONTENT_TRUST=(.*)$/gm))
      docker = words(value)[0] ?? '';
  }
  const policy = imagePolicy(tree.read(POLICY), POLICY);
  return { docker, podman: policy.podman, problem: policy.problem ?? problem };
}

/** What a policy.json, which is at `path`, says by default. */
export function imagePolicy(read: Text, path: string): Pick<TrustFacts, 'podman' | 'problem'> {
  if (read.status === 'unreadable') return { podman: null, problem: `${path}: ${read.why}` };
  if (read.status === 'absent') return { podman: null, problem: null };
  try {
    return { podman: text(object(list(object(JSON.parse(read.text)).default)[0]).type), problem: null };
  } catch {
    return { podman: null, problem: `${path}: it is not JSON` };
  }
}
