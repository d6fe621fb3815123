// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { advisoriesOf } from '../../audit/run.ts';
import { VulnerabilityDatabase } from '../../audit/vulnerabilities/database.ts';
import { download, isUrl } from '../../cli/audit/download.ts';
import { Args, Command } from '../../cli/command.ts';
import { print, printable } from '../../cli/output.ts';
import { table } from '../../cli/table.ts';
import { ExitCode, SecureError } from '../../errors.ts';
import { rootsFromEnv } from '../../runtime/images/roots.ts';

export default class AuditDb extends Command {
  static override id = 'audit:db';
  static override summary = 'Import advisories of vulnerabilities, or say which there are.';
  static override description =
    'Advisories are those of OSV (osv.dev): a JSON file, a directory of such, or an archive, here or at an address. `secure audit image` asks them about the packages of an image; nothing is sent anywhere.';
  static override examples = [
    '$ secure audit db import https://osv-vulnerabilities.storage.googleapis.com/Debian/all.zip',
    '$ secure audit db import ./advisories/ CVE-2026-1234.json',
    '$ secure audit db status',
  ];
  static override args = {
    action: Args.string({ required: true, options: ['import', 'status'], description: 'import or status.' }),
    source: Args.string({ multiple: true, description: 'Files, directories, archives, addresses.' }),
  };

  async run(): Promise<number> {
    const { argv } = await this.parse(AuditDb);
    const [action, ...sources] = argv;
    const path = advisoriesOf(rootsFromEnv().state);
    if (action === 'status') {
      if (sources.length > 0) throw new SecureError('USAGE', "'secure audit db status' takes no file");
      return this.#status(path);
    }
    if (sources.length === 0)
      throw new SecureError('MISSING_ARGUMENT', "'secure audit db import' needs a file, a directory or an address", {
        hint: 'osv.dev offers https://osv-vulnerabilities.storage.googleapis.com/ECOSYSTEM/all.zip',
      });
    return this.#load(path, sources);
  }

  async #load(path: string, sources: readonly string[]): Promise<number> {
    const database = VulnerabilityDatabase.create(path);
    const imported = [];
    try {
      for (const source of sources) imported.push({ source, ...(await this.#from(database, source)) });
    } finally {
      database.close();
    }
    if (this.jsonEnabled()) this.logJson({ imported });
    else
      for (const { source, advisories, withdrawn } of imported)
        this.log(printable(`${source}: ${advisories} advisories${withdrawn === 0 ? '' : `, ${withdrawn} withdrawn`}`));
    return ExitCode.ok;
  }

  async #from(database: VulnerabilityDatabase, source: string) {
    if (!isUrl(source)) return database.load(source, resolve(source), new Date());
    const directory = mkdtempSync(join(rootsFromEnv().state, '.advisories-'));
    try {
      const file = join(directory, /\.zip$/.test(new URL(source).pathname) ? 'all.zip' : 'advisory.json');
      await download(source, file);
      return await database.load(file, source, new Date());
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  #status(path: string): number {
    const database = VulnerabilityDatabase.open(path);
    try {
      const ecosystems = database?.ecosystems() ?? [];
      if (this.jsonEnabled()) this.logJson({ path, imported: database?.imported ?? null, ecosystems });
      else if (database === undefined) this.log("no advisories were imported: 'secure audit db import'");
      else {
        this.log(`imported ${database.imported ?? 'never'}`);
        print(
          table(ecosystems, [
            { title: 'ECOSYSTEM', value: ({ ecosystem }) => ecosystem },
            { title: 'ADVISORIES', value: ({ advisories }) => String(advisories) },
            { title: 'NEWEST', value: ({ modified }) => modified },
          ]),
        );
      }
      return ExitCode.ok;
    } finally {
      database?.close();
    }
  }
}
