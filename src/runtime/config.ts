// SPDX-License-Identifier: Apache-2.0
// Configuration: flag > SECURE_* > ./secure.yaml > $XDG_CONFIG_HOME/secure/config.yaml > /etc/secure/config.yaml > default,
// for each setting. Each place that was looked at is an input of the plan.
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { SecureError } from '../errors.ts';
import { type ConfigFile, readConfigFile } from './config/file.ts';
import { checkSetting, DEFAULT_NETWORK, NETWORK_KEYS, type NetworkKey } from './config/network.ts';
import type { Inputs } from './inputs.ts';
import type { NetworkSettings } from './plan/types.ts';

export interface Configured {
  /** Name or absolute path. */
  readonly profile: string;
  /** Where it was said, for people: `--profile`, `SECURE_PROFILE`, a file, or `default`. */
  readonly origin: string;
  readonly network: NetworkSettings;
}

/** A path is written with a slash or as a YAML file; it counts from where it was written, not from where it is read. */
function located(value: string, base: string): string {
  const path = value.includes('/') || /\.ya?ml$/.test(value);
  return path && !isAbsolute(value) ? resolve(base, value) : value;
}

/** The settings of the environment. @throws SecureError CONFIG_INVALID */
function networkEnv(inputs: Inputs): Partial<NetworkSettings> {
  const settings: Record<string, string | null> = {};
  for (const key of NETWORK_KEYS) {
    const name = `SECURE_${key.toUpperCase()}`;
    const text = inputs.env(name);
    if (text === undefined || text === '') continue;
    const checked = checkSetting[key as NetworkKey](text);
    if ('wrong' in checked) {
      throw new SecureError('CONFIG_INVALID', `${name}: ${JSON.stringify(text.slice(0, 80))} is ${checked.wrong}`, {
        hint: `expected ${checked.expected}`,
      });
    }
    settings[key] = checked.value;
  }
  return settings;
}

function chosen(flag: string | undefined, cwd: string, inputs: Inputs): Omit<Configured, 'network'> | undefined {
  if (flag !== undefined) return { profile: located(flag, cwd), origin: '--profile' };
  const variable = inputs.env('SECURE_PROFILE');
  if (variable === undefined || variable === '') return undefined;
  return { profile: located(variable, cwd), origin: 'SECURE_PROFILE' };
}

/** @throws SecureError CONFIG_INVALID with the position, INVALID_VALUE for a file that cannot be read. */
export async function readConfig(flag: string | undefined, cwd: string, inputs: Inputs): Promise<Configured> {
  let profile = chosen(flag, cwd, inputs);
  const files: ConfigFile[] = [];
  for (const path of configFiles(cwd, inputs)) {
    const file = await readConfigFile(path, inputs, profile !== undefined);
    if (file === undefined) continue;
    files.push(file);
    if (file.profile !== undefined) profile ??= { profile: located(file.profile, dirname(path)), origin: path };
  }
  const network = Object.assign(
    {},
    DEFAULT_NETWORK,
    ...files.map((file) => file.network).reverse(),
    networkEnv(inputs),
  );
  return { ...(profile ?? { profile: 'default', origin: 'default' }), network };
}

function* configFiles(cwd: string, inputs: Inputs): Generator<string> {
  yield join(cwd, 'secure.yaml');
  yield* hostFiles((name) => inputs.env(name));
}

/** The configuration files that are nobody's directory: the user's, then the system's. */
export function* hostFiles(env: (name: string) => string | undefined): Generator<string> {
  const xdg = env('XDG_CONFIG_HOME');
  // The XDG specification has relative values ignored.
  const home = xdg !== undefined && isAbsolute(xdg) ? xdg : env('HOME');
  if (home !== undefined && isAbsolute(home))
    yield home === xdg ? join(home, 'secure', 'config.yaml') : join(home, '.config', 'secure', 'config.yaml');
  yield '/etc/secure/config.yaml';
}
