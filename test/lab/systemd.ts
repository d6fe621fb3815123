// SPDX-License-Identifier: Apache-2.0
// systemd and the system's bus, for a machine in the guest: guest/boot-systemd makes it. Only what it takes to be asked for
// scopes and slices: no generator, no journal, no login.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Staging } from './image.ts';
import { unpacked } from './packages.ts';

const PACKAGES = [
  ...['systemd', 'libsystemd-shared', 'libsystemd0', 'dbus', 'dbus-daemon', 'dbus-system-bus-common', 'libdbus-1-3'],
  ...['libacl1', 'libapparmor1', 'libaudit1', 'libcap-ng0', 'libip4tc2', 'libkmod2', 'libseccomp2', 'libexpat1'],
];
const PROGRAMS = {
  'lib/systemd/systemd': 'usr/lib/systemd/systemd',
  'bin/systemctl': 'usr/bin/systemctl',
  'usr/bin/systemd-run': 'usr/bin/systemd-run',
  'usr/bin/dbus-daemon': 'usr/bin/dbus-daemon',
};
const UNITS = 'lib/systemd/system';

export function putSystemd(staging: Staging, cache: string): void {
  const packages = unpacked(cache, 'systemd', () => PACKAGES);
  for (const [source, target] of Object.entries(PROGRAMS))
    staging.putProgram(join(packages, source), target, packages, ['usr/lib/x86_64-linux-gnu/systemd']);
  // busybox knows no cgroup namespaces.
  for (const name of ['unshare', 'nsenter']) staging.putProgram(join('/usr/bin', name), `lab/bin/${name}`);
  const bus = ['usr/share/dbus-1/system.conf', 'usr/share/dbus-1/system.d/org.freedesktop.systemd1.conf'];
  for (const name of bus) staging.put(join(packages, name), name);
  const units = readdirSync(join(packages, UNITS)).filter((name) => /^dbus\.|^user\.slice$|\.target$/.test(name));
  for (const name of units.filter((one) => one !== 'default.target'))
    staging.put(join(packages, UNITS, name), `usr/${UNITS}/${name}`);
  staging.write(`usr/${UNITS}/default.target`, '[Unit]\nRequires=dbus.service\nAfter=dbus.service\n');
  // A user's has nothing to start.
  staging.write('usr/lib/systemd/user/default.target', '[Unit]\n');
  staging.write('etc/machine-id', '');
}
