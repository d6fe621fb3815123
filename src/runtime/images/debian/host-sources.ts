// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode, SecureError } from '../../../errors.ts';
import { type AptSource, parseList, parseSources, retarget } from './sources.ts';

async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

/** Code name of the release that the host's Debian archives are configured for. */
async function hostSuite(sources: readonly AptSource[]): Promise<string> {
  const codename = /^VERSION_CODENAME=(\S+)$/m.exec(await read('/etc/os-release'))?.[1];
  const suites = sources.flatMap((entry) => entry.suites);
  if (codename !== undefined && suites.includes(codename)) return codename;
  return suites.find((suite) => !suite.includes('-') && !suite.includes('/')) ?? suites[0] ?? 'stable';
}

/** Debian's archives as configured on this host, for one suite (default: the host's). Throws HOST_FEATURE_MISSING. */
export async function hostSources(
  suite: string | undefined,
  etc = '/etc/apt',
): Promise<{ suite: string; sources: AptSource[] }> {
  const sources = parseList(await read(join(etc, 'sources.list')));
  const parts = join(etc, 'sources.list.d');
  for (const name of (await readdir(parts).catch(() => [])).toSorted()) {
    if (name.endsWith('.sources')) sources.push(...parseSources(await read(join(parts, name))));
    if (name.endsWith('.list')) sources.push(...parseList(await read(join(parts, name))));
  }
  if (sources.length === 0) {
    throw new SecureError('HOST_FEATURE_MISSING', `no Debian archive is configured in ${etc}`, {
      hint: 'add one, for example /etc/apt/sources.list.d/debian.sources, with Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
      exitCode: ExitCode.host,
    });
  }
  const own = await hostSuite(sources);
  const wanted = suite ?? own;
  return { suite: wanted, sources: wanted === own ? sources : retarget(sources, own, wanted) };
}
