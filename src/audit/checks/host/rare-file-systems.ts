// SPDX-License-Identifier: Apache-2.0

import { barringFix, notLoaded, oneModule } from './shared/modules.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** squashfs (snaps, images of Apptainer), overlay and vfat (the partition of EFI) are left out: hosts of containers mount them. */
const MODULES = {
  cramfs: 'CRAMFS',
  freevxfs: 'VXFS_FS',
  jffs2: 'JFFS2_FS',
  hfs: 'HFS_FS',
  hfsplus: 'HFSPLUS_FS',
  udf: 'UDF_FS',
  usb_storage: 'USB_STORAGE',
} as const;

export default {
  id: 'SEC-HOST-0106',
  title: 'File systems that no server needs are not loaded',
  severity: 'low',
  target: 'host',
  frameworks: [
    ...['CIS-DIL-2.0:1.1.1.1', 'CIS-DIL-2.0:1.1.1.2', 'CIS-DIL-2.0:1.1.1.3', 'CIS-DIL-2.0:1.1.1.4'],
    ...['CIS-DIL-2.0:1.1.1.5', 'CIS-DIL-2.0:1.1.1.7', 'CIS-DIL-2.0:1.1.23', 'CIS-Docker-1.6:1.2.1'],
    'NIST-800-190:4.5.1',
  ],
  rationale:
    'The kernel reads whatever a disk, a stick or an image says it is: drivers for systems of thirty years ago trust it, and whoever may mount in a container that has SYS_ADMIN, or plug something in, chooses the driver.',
  remediation:
    "Write 'install NAME /bin/false' for each that is named into /etc/modprobe.d/unused.conf, and run 'modprobe -r NAME'. Leave usb_storage where the console of the machine hands it discs over USB.",
  references: ['https://man7.org/linux/man-pages/man5/modprobe.d.5.html'],
  examples: [
    { good: oneModule(MODULES, 'hfsplus', 'm', true), bad: oneModule(MODULES, 'hfsplus', 'm', false) },
    { good: oneModule(MODULES, 'usb_storage', 'm', true), bad: oneModule(MODULES, 'usb_storage', 'm', false) },
  ],
  check: (facts) => notLoaded(facts, MODULES),
  fix: barringFix(MODULES, (name) =>
    name === 'usb_storage' ? 'sticks and discs by USB, those of the console of a server too, are not found' : undefined,
  ),
} satisfies HostCheck;
