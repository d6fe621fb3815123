// SPDX-License-Identifier: Apache-2.0
// Judges of SARIF that are not ours: the schema of OASIS, and the validator that has code scanning's own rules.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Log } from 'sarif';

// The package brings both.
const multitool = join(import.meta.dirname, '../../node_modules/@microsoft/sarif-multitool-linux');
const schema = JSON.parse(readFileSync(join(multitool, 'sarif-2.1.0.json'), 'utf8')) as object;
const validate = new Ajv2020({ allErrors: true, strict: false, validateFormats: false }).compile(schema);

export const schemaErrors = (log: unknown): unknown[] => (validate(log) ? [] : (validate.errors ?? []));

/** The validator is a program for x86-64 with glibc; with SECURE_MUST_WORK=1 its absence is a failure. */
export const cannotValidate = (): boolean =>
  !existsSync('/lib64/ld-linux-x86-64.so.2') && process.env.SECURE_MUST_WORK !== '1';

/**
 * What the validator has to say, as `error SARIF1001 message`. Its exit code says nothing: what it found stands in what it writes.
 * The product has no address of its own (SARIF2005, a warning), which is left out.
 */
export function validated(text: string): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'secure-sarif-'));
  try {
    const [file, out] = [join(directory, 'report.sarif'), join(directory, 'out.sarif')];
    writeFileSync(file, text);
    const tool = join(multitool, 'Sarif.Multitool');
    // Its installation script would do this.
    chmodSync(tool, 0o755);
    // It looks up the host of every link, which tells it nothing and takes seconds where no name server answers: it gets no network.
    const alone = ['--user', '--map-root-user', '--net', tool];
    const argv = [...alone, 'validate', '--rule-kind', 'Sarif;Ghas', '--level', 'Error;Warning', '-o', out, file];
    execFileSync('unshare', argv, {
      stdio: 'pipe',
      env: { ...process.env, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: '1', HOME: directory },
    });
    const log = JSON.parse(readFileSync(out, 'utf8')) as Log;
    const trouble = log.runs
      .flatMap((run) => run.invocations ?? [])
      .flatMap((each) => each.toolExecutionNotifications ?? [])
      .filter(({ level }) => level === 'error')
      .map(({ message }) => `error notification ${JSON.stringify(message)}`);
    const found = log.runs
      .flatMap((run) => run.results ?? [])
      .map(({ level, ruleId, message }) => `${level ?? 'warning'} ${ruleId} ${JSON.stringify(message)}`);
    return [...trouble, ...found].filter((line) => !line.startsWith('warning SARIF2005 '));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
