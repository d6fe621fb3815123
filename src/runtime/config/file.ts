// SPDX-License-Identifier: Apache-2.0
// One configuration file: whose it is, and what it says.
import { basename } from 'node:path';
import { type ErrorPosition, SecureError } from '../../errors.ts';
import { suggest } from '../../suggest.ts';
import type { Inputs, ReadFile } from '../inputs.ts';
import type { NetworkSettings } from '../plan/types.ts';
import { inInitialNamespace, overflowId } from '../rootless/identity.ts';
import { checkSetting, NETWORK_KEYS, type NetworkKey } from './network.ts';
import type { Registries } from './registries.ts';

/** What one file says; a key that it leaves out is for the next file to say. */
export interface ConfigFile {
  readonly profile?: string;
  readonly network: Partial<NetworkSettings>;
  readonly registries?: Registries;
}

const LIMIT = 64 * 1024;
const OTHERS_WRITE = 0o002;
const KEYS = ['profile', 'network', 'registries'];

/** In a namespace the machine's root is nobody, as everybody else is. But in this directory only root decides what belongs to whom. */
const ofTheMachine = (path: string, uid: number): boolean =>
  path.startsWith('/etc/secure/') && !inInitialNamespace() && uid === overflowId();

/**
 * A configuration file chooses how hard a container of this user is confined, so it must be theirs: somebody who can
 * write into a directory must not decide for whoever runs `secure` there. Why it is not, or undefined.
 */
function distrusted(path: string, { uid, mode }: ReadFile, inputs: Inputs): string | undefined {
  const sudo = inputs.env('SUDO_UID');
  const trusted = [
    0,
    process.geteuid?.() ?? 0,
    ...(sudo !== undefined && /^\d{1,10}$/.test(sudo) ? [Number(sudo)] : []),
  ];
  if (!trusted.includes(uid) && !ofTheMachine(path, uid)) return `it belongs to user ${uid}`;
  return (mode & OTHERS_WRITE) === 0 ? undefined : 'everybody may write it';
}

type Yaml = typeof import('./yaml.ts');
type Node = import('yaml').YAMLMap['items'][number];

/** Reads one file; every complaint has its place. */
export class Reader {
  readonly yaml: Yaml;
  readonly path: string;
  private readonly lines: InstanceType<Yaml['LineCounter']>;
  constructor(yaml: Yaml, path: string) {
    this.yaml = yaml;
    this.path = path;
    this.lines = new yaml.LineCounter();
  }

  place(offset: number): Required<ErrorPosition> {
    const { line, col } = this.lines.linePos(offset);
    return { file: this.path, line, column: col };
  }

  fail(offset: number, message: string, hint?: string): SecureError {
    const position = this.place(offset);
    return new SecureError('CONFIG_INVALID', message, { position, ...(hint === undefined ? {} : { hint }) });
  }

  /** Key, value and place of each item; an unknown key is an error. */
  items(
    map: unknown,
    known: readonly string[],
    what: string,
    at: number,
  ): { key: string; value: Node['value']; at: number }[] {
    const { isMap, isScalar } = this.yaml;
    if (!isMap(map)) throw this.fail(at, `${what} is a mapping`, `with the keys ${known.join(', ')}`);
    return map.items.map(({ key, value }) => {
      const offset = isScalar(key) ? (key.range?.[0] ?? 0) : 0;
      const name = isScalar(key) ? String(key.value) : '';
      if (known.includes(name)) return { key: name, value, at: offset };
      const near = suggest(name, known);
      const hint = near === undefined ? `known: ${known.join(', ')}` : `did you mean ${near}?`;
      throw this.fail(offset, `unknown key ${JSON.stringify(name)}`, hint);
    });
  }

  text(value: Node['value'], at: number, expected: string): string {
    if (this.yaml.isScalar(value) && typeof value.value === 'string' && value.value !== '') return value.value;
    throw this.fail(at, expected);
  }

  network(map: Node['value'], at: number): Partial<NetworkSettings> {
    const settings: Record<string, string | null> = {};
    for (const { key, value, at: place } of this.items(map, NETWORK_KEYS, 'network', at)) {
      const text = this.text(value, place, `network.${key} is text`);
      const checked = checkSetting[key as NetworkKey](text);
      if ('wrong' in checked)
        throw this.fail(
          place,
          `network.${key}: ${JSON.stringify(text)} is ${checked.wrong}`,
          `expected ${checked.expected}`,
        );
      settings[key] = checked.value;
    }
    return settings;
  }

  /** A file of a directory may be anybody's who shares the directory: it does not say whom to trust on the network. */
  async registries(map: Node['value'], at: number): Promise<Registries> {
    if (basename(this.path) === 'secure.yaml') {
      throw this.fail(
        at,
        'registries are not for the file of a directory to set',
        'put them into ~/.config/secure/config.yaml or /etc/secure/config.yaml',
      );
    }
    const { readRegistries } = await import('./registries.ts');
    return readRegistries(this, map, at);
  }

  async read(text: string): Promise<ConfigFile> {
    const document = this.yaml.parseDocument(text, { lineCounter: this.lines, version: '1.2' });
    const [problem] = document.errors;
    if (problem !== undefined) throw this.fail(problem.pos[0], problem.message.split('\n')[0] ?? 'not YAML');
    if (document.contents === null) return { network: {} };
    let config: ConfigFile = { network: {} };
    for (const { key, value, at } of this.items(document.contents, KEYS, 'a configuration file', 0)) {
      if (key === 'network') config = { ...config, network: this.network(value, at) };
      else if (key === 'registries') config = { ...config, registries: await this.registries(value, at) };
      else
        config = {
          ...config,
          profile: this.text(value, at, 'profile is the name of a profile or the path of a policy file'),
        };
    }
    return config;
  }
}

/**
 * What a file says, undefined when there is none. `optional`: everything that it could decide about confinement is decided, so one
 * that is not trusted is passed over instead of being an error.
 * @throws SecureError CONFIG_INVALID with the position, INVALID_VALUE for a file that cannot be read.
 */
export async function readConfigFile(path: string, inputs: Inputs, optional: boolean): Promise<ConfigFile | undefined> {
  const file = inputs.read(path, LIMIT);
  if (file === undefined) return undefined;
  const why = distrusted(path, file, inputs);
  if (why === undefined) return await new Reader(await import('./yaml.ts'), path).read(file.data.toString('utf8'));
  if (optional) return undefined;
  throw new SecureError('CONFIG_INVALID', `configuration file ${path} is not trusted: ${why}`, {
    hint: 'name the profile with --profile, or make the file yours and chmod o-w it',
    position: { file: path },
  });
}
