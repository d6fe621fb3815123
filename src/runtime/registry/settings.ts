// SPDX-License-Identifier: Apache-2.0
// What this host has been told about registries.

import { readConfigFile } from '../config/file.ts';
import type { Registries, RegistrySettings } from '../config/registries.ts';
import { hostFiles } from '../config.ts';
import { Inputs } from '../inputs.ts';

/** The user's file and then the system's, each registry from the first that names it. @throws SecureError CONFIG_INVALID, INVALID_VALUE */
export async function configuredRegistries(env: NodeJS.ProcessEnv): Promise<Registries> {
  const found = new Map<string, RegistrySettings>();
  for (const path of hostFiles((name) => env[name])) {
    const file = await readConfigFile(path, new Inputs(), false);
    for (const [name, settings] of file?.registries ?? []) if (!found.has(name)) found.set(name, settings);
  }
  return found;
}
