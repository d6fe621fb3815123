// SPDX-License-Identifier: Apache-2.0
// A private apt: its own sources, lists and empty status, so that neither the packages nor the configuration of the host matter.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SecureError } from '../../../errors.ts';
import { runCommand } from './command.ts';
import { type AptSource, formatSources } from './sources.ts';

export interface Apt {
  /** Directory of the downloaded, verified package lists. */
  readonly lists: string;
  readonly sourcesFile: string;
  /** The newest date of the archives' signed Release files, in seconds since 1970. */
  readonly date: number;
  /** Options for every further apt, `KEY "VALUE"`. */
  readonly options: readonly string[];
  /** Does any of these packages need others? Throws BUILD_FAILED for a package that no archive has. */
  standalone(packages: readonly string[]): Promise<boolean>;
}

/** The one thing of the host's configuration that a download may need. */
async function proxyOptions(): Promise<string[]> {
  const keys = ['Acquire::http::Proxy', 'Acquire::https::Proxy'];
  const dump = await runCommand({
    program: 'apt-config',
    args: ['dump', '--no-empty', '--format', '%f "%v"%n', ...keys],
    env: {},
  });
  return dump.split('\n').filter((line) => /^Acquire::https?::Proxy "[^"\\]+"$/.test(line));
}

async function releaseDate(lists: string): Promise<number> {
  const dates = [0];
  for (const name of await readdir(lists)) {
    if (!name.endsWith('Release')) continue;
    const date = /^Date: (.+)$/m.exec(await readFile(join(lists, name), 'utf8'))?.[1];
    const time = Date.parse(date ?? '');
    if (Number.isFinite(time)) dates.push(Math.floor(time / 1000));
  }
  return Math.max(...dates);
}

/** Download and verify the package lists into `directory`, which apt's unprivileged user must be able to reach. */
export async function updateLists(
  directory: string,
  sources: readonly AptSource[],
  onLine: (line: string) => void,
): Promise<Apt> {
  const [etc, lists] = [join(directory, 'etc'), join(directory, 'lists')];
  const sourcesFile = join(etc, 'sources.list.d', 'debian.sources');
  for (const path of ['apt.conf.d', 'preferences.d', 'sources.list.d', 'trusted.gpg.d'])
    await mkdir(join(etc, path), { recursive: true });
  for (const path of [lists, join(directory, 'archives')]) await mkdir(join(path, 'partial'), { recursive: true });
  await writeFile(sourcesFile, formatSources(sources));
  await writeFile(join(directory, 'status'), '');
  const options = ['Acquire::Languages "none"', ...(await proxyOptions())];
  const own = [
    `Dir "${directory}"`,
    `Dir::Etc "${etc}"`,
    `Dir::State "${directory}"`,
    `Dir::State::lists "${lists}"`,
    `Dir::State::status "${join(directory, 'status')}"`,
    `Dir::Cache "${directory}"`,
  ];
  const config = join(directory, 'apt.conf');
  await writeFile(config, [...own, ...options].map((line) => `${line};\n`).join(''));
  const env = { APT_CONFIG: config };
  await runCommand({ program: 'apt-get', args: ['-q', '--error-on=any', 'update'], env, onLine });
  return {
    lists,
    sourcesFile,
    date: await releaseDate(lists),
    options,
    async standalone(packages) {
      let alone = true;
      for (const name of packages) {
        const record = await show(name, env);
        if (/^(?:Pre-)?Depends:/m.test(record)) alone = false;
      }
      return alone;
    },
  };
}

async function show(name: string, env: Record<string, string>): Promise<string> {
  try {
    return await runCommand({ program: 'apt-cache', args: ['show', '--no-all-versions', '--', name], env });
  } catch (cause) {
    throw new SecureError('BUILD_FAILED', `no configured Debian archive has the package ${name}`, {
      hint: `look for its name with \`apt-cache search ${name}\``,
      cause,
    });
  }
}
