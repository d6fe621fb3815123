// SPDX-License-Identifier: Apache-2.0
// Databases that rpm itself has written, of packages that rpmbuild has built.
import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SPEC = `Name: %{n}
Epoch: 2
Version: 1.%{v}
Release: 3
Summary: Test
License: MIT
URL: https://example.com/%{n}
Vendor: Nobody <nobody@example.com>
BuildArch: noarch
Requires: cap-alpha
Provides: cap-%{n}
%description
Test
%package libs
Summary: Libraries
%description libs
Test
%install
mkdir -p %{buildroot}/usr/lib/python3/site-packages/x-%{n}.dist-info %{buildroot}/opt
echo 'Name: x' > %{buildroot}/usr/lib/python3/site-packages/x-%{n}.dist-info/METADATA
touch %{buildroot}/opt/%{n}
%files
/usr/lib/python3/site-packages/x-%{n}.dist-info
%files libs
/opt/%{n}
`;
const quiet: ExecFileSyncOptionsWithStringEncoding = { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' };

/** Words of one call: the kernel takes 128 KiB for one (MAX_ARG_STRLEN). */
const PAIRS = 400;

/** Which of two versions rpm itself holds to be the later one. */
export function rpmOrder(pairs: readonly (readonly [string, string])[]): number[] {
  const found: number[] = [];
  for (let i = 0; i < pairs.length; i += PAIRS) {
    const some = pairs.slice(i, i + PAIRS);
    const calls = some.map(([x, y]) => `print(rpm.vercmp(${JSON.stringify(x)}, ${JSON.stringify(y)}), " ")`).join(' ');
    found.push(
      ...execFileSync('rpm', ['--eval', `%{lua: ${calls}}`], quiet)
        .trim()
        .split(/\s+/)
        .map(Number),
    );
  }
  return found;
}

export class RpmRoot {
  readonly #work: string;
  readonly #database: string;

  /** @param root where the file system is to be, @param work anything else */
  constructor(root: string, work: string) {
    this.#work = work;
    this.#database = join(root, 'var/lib/rpm');
    mkdirSync(this.#database, { recursive: true });
  }

  #rpm(...args: readonly string[]): string {
    return execFileSync('rpm', ['--dbpath', this.#database, '--define', '_db_backend sqlite', ...args], quiet);
  }

  /** Build packages and note them as installed. */
  install(name: string, version: number): void {
    const spec = join(this.#work, 'p.spec');
    writeFileSync(spec, SPEC);
    const top = join(this.#work, name);
    const defines = [`_topdir ${top}`, `n ${name}`, `v ${version}`].flatMap((one) => ['--define', one]);
    execFileSync('rpmbuild', ['-bb', ...defines, spec], quiet);
    const built = [name, `${name}-libs`].map((one) => join(top, `RPMS/noarch/${one}-1.${version}-3.noarch.rpm`));
    this.#rpm('-i', '--justdb', '--nodeps', ...built);
  }

  remove(name: string): void {
    this.#rpm('-e', '--justdb', '--nodeps', name);
  }

  /** As rpm lists them: `name epoch version release source`. */
  list(): string[] {
    return this.#rpm('-qa', '--qf', '%{NAME} %{EPOCH}:%{VERSION}-%{RELEASE} %{ARCH} %{SOURCERPM}\n')
      .split('\n')
      .filter(Boolean)
      .sort();
  }
}
