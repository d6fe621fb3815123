// SPDX-License-Identifier: Apache-2.0
// Whether packages of the system are taken without a signature: apt, dnf and yum, zypper, pacman.
import type { Tree } from './tree.ts';

export interface PackageFacts {
  /** Package managers that are configured here. */
  readonly managers: readonly string[];
  /** What lets packages in that nobody signed. */
  readonly unsigned: readonly { readonly file: string; readonly what: string }[];
  /** Why a file cannot be read; null: all can. */
  readonly problem: string | null;
}

const NAMES = 1000;
const NO = /^(?:0|no|off|false)$/i;
/** What apt takes for it: StringToBool of apt-pkg/contrib/strutl.cc. */
const YES = /^(?:1|yes|on|true|with|enable)$/i;

interface Section {
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** `[name]` and `key = value`. */
export function sections(text: string): Section[] {
  const found: { name: string; settings: Record<string, string> }[] = [];
  for (const line of text.split('\n')) {
    const name = /^[ \t]*\[([^\]\n]*)\]/.exec(line)?.[1];
    if (name !== undefined) found.push({ name, settings: {} });
    const [, key, value] = /^([A-Za-z_]\w*)[ \t]*=[ \t]*(.*)$/.exec(line) ?? [];
    const last = found.at(-1);
    if (key !== undefined && last !== undefined) last.settings[key.toLowerCase()] = (value ?? '').trim();
  }
  return found;
}

/** What a list of apt's sources, or a file of its new form, takes without a signature. */
function aptSource(path: string, text: string): string[] {
  const lines = text.split('\n');
  if (path.endsWith('.sources')) {
    return lines.flatMap((line) => {
      const [, key = '', value = ''] =
        /^(Trusted|Allow-Insecure|Allow-Weak|Allow-Downgrade-To-Insecure)[ \t]*:[ \t]*(\S*)/i.exec(line) ?? [];
      return YES.test(value) ? [`${key}: ${value}`] : [];
    });
  }
  return lines.flatMap((line) => {
    const options = /^[ \t]*deb(?:-src)?[ \t]+\[([^\]\n]*)\]/.exec(line)?.[1] ?? '';
    return options
      .split(/\s+/)
      .filter((option) =>
        /^(?:trusted|allow-insecure|allow-weak|allow-downgrade-to-insecure)=(?:1|yes|on|true|with|enable)$/i.test(
          option,
        ),
      );
  });
}

/** Of apt.conf(5), by the last part of the name: the others may stand around it, `APT { Get { AllowUnauthenticated "true"; }; };`. */
const APT_CONF =
  /^(?![ \t]*(?:\/\/|#))[^\n]*?\b(AllowUnauthenticated|Allow(?:Insecure|Weak|DowngradeToInsecure)Repositories)[ \t]+"?(?:1|yes|on|true|with|enable)\b/gim;

export function collectPackages(tree: Tree): PackageFacts {
  const managers: string[] = [];
  const unsigned: { file: string; what: string }[] = [];
  let problem: string | null = null;
  const text = (path: string): string | undefined => {
    const read = tree.read(path);
    if (read.status === 'unreadable') problem ??= `${path}: ${read.why}`;
    return read.status === 'text' ? read.text : undefined;
  };
  const below = (directory: string, end: RegExp): string[] => {
    const names = tree.list(directory);
    if (names === undefined) problem ??= `${directory} cannot be listed`;
    return (names ?? [])
      .filter((name) => end.test(name))
      .slice(0, NAMES)
      .map((name) => `${directory}/${name}`);
  };
  if (tree.stat('/etc/apt') !== null) {
    managers.push('apt');
    for (const file of ['/etc/apt/sources.list', ...below('/etc/apt/sources.list.d', /\.(?:list|sources)$/)])
      for (const what of aptSource(file, text(file) ?? '')) unsigned.push({ file, what });
    for (const file of ['/etc/apt/apt.conf', ...below('/etc/apt/apt.conf.d', /^[\w.-]+$/)])
      for (const [, what = ''] of (text(file) ?? '').matchAll(APT_CONF)) unsigned.push({ file, what });
  }
  const main = ['/etc/dnf/dnf.conf', '/etc/yum.conf'].flatMap((path) => sections(text(path) ?? ''));
  const general = main.find(({ name }) => name === 'main')?.settings.gpgcheck;
  const repositories = [
    ...below('/etc/yum.repos.d', /\.repo$/).map((file) => ({ file, manager: 'dnf', unset: general ?? '0' })),
    ...below('/etc/zypp/repos.d', /\.repo$/).map((file) => ({ file, manager: 'zypper', unset: '1' })),
  ];
  for (const { file, manager, unset } of repositories) {
    if (!managers.includes(manager)) managers.push(manager);
    for (const { name, settings } of sections(text(file) ?? ''))
      if (!NO.test(settings.enabled ?? '1') && NO.test(settings.gpgcheck ?? unset))
        unsigned.push({ file, what: `gpgcheck of ${name.slice(0, 100)}` });
  }
  const pacman = text('/etc/pacman.conf');
  if (pacman !== undefined) managers.push('pacman');
  // An optional signature is none for whoever leaves it out.
  for (const { name, settings } of sections(pacman ?? ''))
    if (/\b(?:Package)?(?:Never|Optional|TrustAll)\b/.test(settings.siglevel ?? ''))
      unsigned.push({ file: '/etc/pacman.conf', what: `SigLevel of ${name.slice(0, 100)}` });
  return { managers, unsigned, problem };
}
