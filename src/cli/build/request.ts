// SPDX-License-Identifier: Apache-2.0
// From the flags of `secure image build` to what is built.
import { existsSync, statSync } from 'node:fs';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import { SecureError } from '../../errors.ts';
import type { EffectivePolicy } from '../../policies/index.ts';
import type { BuildRequest, SecretSource } from '../../runtime/build/types.ts';
import { readDockerfileText } from '../../runtime/images/dockerfile/parse.ts';
import { sourceDateEpoch } from '../../runtime/images/import/rootfs.ts';
import type { Compression } from '../../runtime/images/layer/pack.ts';
import { hostPlatform } from '../../runtime/images/oci/platform.ts';
import type { NetworkSettings } from '../../runtime/plan/types.ts';
import { invalidValue } from '../read.ts';

export interface BuildFlags {
  readonly tag: readonly string[] | undefined;
  readonly file: string | undefined;
  readonly 'build-arg': readonly string[] | undefined;
  readonly label: readonly string[] | undefined;
  readonly target: string | undefined;
  readonly secret: readonly string[] | undefined;
  readonly ssh: readonly string[] | undefined;
  readonly 'no-cache': boolean;
  readonly network: string | undefined;
  readonly pull: string;
  readonly trust: boolean;
  readonly parallel: number;
  readonly compression: string;
}

function pairs(flag: string, texts: readonly string[] | undefined, env: boolean): Map<string, string> {
  const found = new Map<string, string>();
  for (const text of texts ?? []) {
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    if (name === '' || (equals < 0 && !env)) throw invalidValue(flag, text, 'NAME=VALUE');
    // As docker has it: without a value that of this environment, and nothing where there is none.
    const value = equals < 0 ? process.env[name] : text.slice(equals + 1);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

function secret(text: string): SecretSource {
  const fields = new Map(
    text.split(',').map((field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)]),
  );
  const [id, file, env] = [fields.get('id'), fields.get('src') ?? fields.get('source'), fields.get('env')];
  const known = [...fields.keys()].every((key) => ['id', 'src', 'source', 'env', 'type'].includes(key));
  if (id === undefined || id === '' || !known || (file !== undefined && env !== undefined))
    throw invalidValue('secret', text, 'id=NAME with src=FILE or env=VARIABLE; never the secret itself');
  if (env !== undefined) return { id, env };
  if (file !== undefined) return { id, file: resolve(file) };
  return process.env[id] === undefined ? { id, file: resolve(id) } : { id, env: id };
}

function agents(texts: readonly string[] | undefined): Map<string, string> {
  const found = new Map<string, string>();
  for (const text of texts ?? []) {
    const equals = text.indexOf('=');
    const socket = equals < 0 ? process.env.SSH_AUTH_SOCK : resolve(text.slice(equals + 1));
    if (socket === undefined || socket === '')
      throw invalidValue('ssh', text, 'ID=SOCKET, or SSH_AUTH_SOCK in the environment');
    if (!existsSync(socket) || !statSync(socket).isSocket())
      throw invalidValue('ssh', text, `the socket of an agent: ${socket} is none (keys themselves are not passed on)`);
    found.set(equals < 0 ? text : text.slice(0, equals), socket);
  }
  return found;
}

function directory(path: string): string {
  const absolute = resolve(path);
  if (existsSync(absolute) && statSync(absolute).isDirectory()) return absolute;
  throw new SecureError('BUILD_FAILED', `${path} is no directory to build from`, {
    hint: 'give the directory that holds the files, or - for a Dockerfile on stdin that needs none',
  });
}

/** The build file: as given, else Dockerfile or Containerfile of the context. */
function buildFile(
  context: string | undefined,
  given: string | undefined,
): { text: string; name: string; path: string | undefined } {
  if (given === '-' || (context === undefined && given === undefined))
    return { text: readDockerfileText('-', 'BUILD_FAILED'), name: 'Dockerfile', path: undefined };
  const names =
    given === undefined ? ['Dockerfile', 'Containerfile'].map((name) => join(context ?? '', name)) : [resolve(given)];
  const path = names.find((name) => existsSync(name)) ?? names[0] ?? '';
  const short = relative(process.cwd(), path);
  return {
    text: readDockerfileText(path, 'BUILD_FAILED'),
    name: short.startsWith('..') || isAbsolute(short) ? path : short,
    path,
  };
}

/** Beside the build file under its own name, else in the context. */
function ignoreFile(context: string | undefined, file: string | undefined): BuildRequest['ignore'] {
  const places = [
    ...(file === undefined ? [] : [`${file}.dockerignore`]),
    ...(context === undefined ? [] : [join(context, '.dockerignore'), join(context, '.containerignore')]),
  ];
  const path = places.find((place) => existsSync(place));
  return path === undefined ? undefined : { text: readDockerfileText(path, 'BUILD_FAILED'), name: basename(path) };
}

/** @throws SecureError BUILD_FAILED, INVALID_VALUE, LIMIT_EXCEEDED */
export function readBuildRequest(
  path: string,
  flags: BuildFlags,
  policy: EffectivePolicy,
  network: NetworkSettings,
): BuildRequest {
  const context = path === '-' ? undefined : directory(path);
  const file = buildFile(context, flags.file);
  return {
    context,
    file: { text: file.text, name: file.name },
    ignore: ignoreFile(context, file.path),
    tags: flags.tag ?? [],
    args: pairs('build-arg', flags['build-arg'], true),
    labels: pairs('label', flags.label, false),
    target: flags.target,
    secrets: (flags.secret ?? []).map(secret),
    ssh: agents(flags.ssh),
    cache: !flags['no-cache'],
    network: flags.network as 'none' | 'default' | undefined,
    policy,
    networkSettings: network,
    pull: flags.pull as BuildRequest['pull'],
    platform: hostPlatform(),
    trust: flags.trust,
    epoch: sourceDateEpoch(),
    parallel: flags.parallel,
    compression: flags.compression as Compression,
  };
}
