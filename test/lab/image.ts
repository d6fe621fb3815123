// SPDX-License-Identifier: Apache-2.0
// The guest's disk: busybox, our programs with the libraries they need, and the tests. One image serves all forms; each guest
// writes to a throw-away copy.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, realpathSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { busyboxLayout } from '../support/oci.ts';
import { FORMS, type Form } from './forms.ts';
import { type Kernel, unpacked } from './packages.ts';
import { formPlan, type TestFile } from './plan.ts';
import { selinuxPolicy } from './selinux.ts';
import { putSystemd } from './systemd.ts';

const root = join(import.meta.dirname, '../..');
/** Kernel modules that the guest's init loads, in this order. */
const MODULES = [
  ...['fs/overlayfs/overlay', 'drivers/block/loop', 'drivers/net/dummy'],
  // With these CRIU lists the sockets of a network namespace, and locks it.
  ...['net/unix/unix_diag', 'net/ipv4/inet_diag', 'net/ipv4/tcp_diag', 'net/ipv4/udp_diag', 'net/ipv4/raw_diag'],
  ...['net/netlink/netlink_diag', 'net/packet/af_packet_diag'],
  ...['lib/libcrc32c', 'net/netfilter/nfnetlink', 'net/netfilter/nf_tables', 'net/ipv4/netfilter/nf_defrag_ipv4'],
  ...['net/ipv6/netfilter/nf_defrag_ipv6', 'net/netfilter/nf_conntrack', 'net/netfilter/nf_conntrack_netlink'],
];
const DIRECTORIES = ['dev', 'etc', 'lab/plan', 'proc', 'root', 'run', 'sys', 'tmp', 'usr/bin', 'var/lib', 'var/tmp'];

export class Staging {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
    rmSync(directory, { recursive: true, force: true });
    for (const name of DIRECTORIES) mkdirSync(join(directory, name), { recursive: true });
    // As Debian has them; the SELinux policy knows no other paths.
    for (const [name, target] of Object.entries({
      bin: 'usr/bin',
      sbin: 'usr/sbin',
      lib: 'usr/lib',
      lib64: 'usr/lib64',
    })) {
      mkdirSync(join(directory, target), { recursive: true });
      symlinkSync(target, join(directory, name));
    }
  }

  put(source: string, target = source): void {
    mkdirSync(dirname(join(this.directory, target)), { recursive: true });
    cpSync(realpathSync(source), join(this.directory, target), { recursive: true });
  }

  write(target: string, text: string): void {
    mkdirSync(dirname(join(this.directory, target)), { recursive: true });
    writeFileSync(join(this.directory, target), text);
  }

  /** A program with the libraries that the loader will look for. `from`: an unpacked package that has some of them, also in `directories`. */
  putProgram(source: string, target: string, from = '', directories: readonly string[] = []): void {
    this.put(source, target);
    const usual = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'];
    const own = [...usual, ...directories].map((name) => join(from, name)).join(':');
    const env = from === '' ? process.env : { ...process.env, LD_LIBRARY_PATH: own };
    const text = execFileSync('ldd', [source], { encoding: 'utf8', env });
    for (const match of text.matchAll(/(?:=> |^\s*)(\/\S+)/gm)) {
      const library = match[1] ?? '';
      this.put(library, from !== '' && library.startsWith(from) ? library.slice(from.length) : library);
    }
  }
}

/** The parser compiles profiles in the guest: only there are the features of the kernel that has to enforce them. */
function putAppArmor(staging: Staging, cache: string): void {
  const packages = unpacked(cache, 'apparmor', () => ['apparmor', 'libapparmor1']);
  staging.putProgram(join(packages, 'sbin/apparmor_parser'), 'usr/sbin/apparmor_parser', packages);
  staging.write('etc/apparmor/parser.conf', '');
}

function putSelinux(staging: Staging, cache: string): void {
  const policy = selinuxPolicy(cache);
  staging.put(policy.binary, 'lab/selinux/policy');
  staging.put(policy.contexts, 'lab/selinux/file_contexts');
  staging.putProgram(policy.setfiles, 'usr/sbin/setfiles', policy.packages);
  policy.label(staging.directory);
}

/** CRIU, and the programs that it calls: networks are described by ip(8), files of a tmpfs kept by tar(1). Busybox cannot do either. */
function putCriu(staging: Staging): void {
  for (const name of ['usr/sbin/criu', 'usr/bin/tar', 'usr/bin/gzip']) {
    rmSync(join(staging.directory, name), { force: true });
    staging.putProgram(`/${name}`, name);
  }
  rmSync(join(staging.directory, 'usr/bin/ip'));
  staging.putProgram('/usr/sbin/ip', 'usr/sbin/ip');
}

/** The command line with its own Node, and an image for it. */
function putSecure(staging: Staging): void {
  for (const name of ['bin', 'dist', 'schemas', 'package.json', 'build/release/secure-runtime'])
    staging.put(join(root, name), `opt/secure/${name}`);
  for (const name of ['secure-extract', 'secure-probe', 'secure.node'])
    staging.put(join(root, 'build/release', name), `opt/secure/build/release/${name}`);
  const node = `node_modules/node-linux-${process.arch}/bin/node`;
  staging.putProgram(join(root, node), `opt/secure/${node}`);
  symlinkSync('/opt/secure/bin/secure', join(staging.directory, 'usr/bin/secure'));
  busyboxLayout(join(staging.directory, 'lab/busybox'));
}

/** Make the disk in `cache`; `add` puts more on it. @returns its path. */
export function makeDisk(
  cache: string,
  kernel: Kernel,
  files: readonly TestFile[],
  forms: readonly Form[],
  add?: (staging: Staging) => void,
): string {
  const staging = new Staging(join(cache, 'root'));
  staging.put('/bin/busybox', 'usr/bin/busybox');
  for (const name of execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n'))
    if (name !== 'busybox') symlinkSync('busybox', join(staging.directory, 'usr/bin', name));
  staging.write(
    'etc/passwd',
    'root:x:0:0:root:/root:/bin/sh\nmessagebus:x:100:100::/:/bin/false\nuser:x:1000:1000::/tmp:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n',
  );
  staging.write('etc/group', 'root:x:0:\nmessagebus:x:100:\nuser:x:1000:\nnogroup:x:65534:\n');
  staging.put(runtimeBinary(), 'usr/bin/secure-runtime');
  staging.putProgram(join(root, 'build/release/core_tests'), 'lab/core_tests');
  // Where its tests look for them, from native/.
  staging.put(join(root, 'test/profiles/seccomp/fixtures'));
  mkdirSync(join(staging.directory, root, 'native'));
  // In their order: the guest loads what the shell lists.
  for (const [at, name] of MODULES.entries())
    staging.put(
      join(kernel.modules, `${name}.ko`),
      `lab/modules/${String(at).padStart(2, '0')}-${name.split('/').pop()}.ko`,
    );
  putCriu(staging);
  putSecure(staging);
  staging.put(join(import.meta.dirname, 'guest'), 'lab/guest');
  for (const form of FORMS) staging.write(`lab/plan/${form}`, `${formPlan(files, form).join('\n')}\n`);
  if (files.some((file) => file.name.startsWith('systemd'))) putSystemd(staging, cache);
  if (forms.includes('apparmor')) putAppArmor(staging, cache);
  add?.(staging);
  // Last, as it labels what is there.
  if (forms.includes('selinux')) putSelinux(staging, cache);

  const disk = join(cache, 'disk.img');
  rmSync(disk, { force: true });
  writeFileSync(disk, '');
  truncateSync(disk, 512 * 1024 * 1024);
  // Without a journal and with tables left for later, as it lives for a minute.
  const options = ['-O', '^has_journal', '-E', 'lazy_itable_init=1,root_owner=0:0', '-m', '0'];
  execFileSync('mke2fs', ['-q', '-F', '-t', 'ext4', ...options, '-d', staging.directory, disk], {
    env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return disk;
}
