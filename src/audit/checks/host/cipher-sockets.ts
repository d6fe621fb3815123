// SPDX-License-Identifier: Apache-2.0

import { barringFix, notLoaded, oneModule } from './shared/modules.ts';
import type { HostCheck } from './shared/sysctl.ts';

const MODULES = {
  algif_aead: 'CRYPTO_USER_API_AEAD',
  algif_hash: 'CRYPTO_USER_API_HASH',
  algif_rng: 'CRYPTO_USER_API_RNG',
  algif_skcipher: 'CRYPTO_USER_API_SKCIPHER',
} as const;

export default {
  id: 'SEC-HOST-0095',
  title: 'Programs do not let the kernel encrypt for them',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'By a socket of AF_ALG any program in a container runs the ciphers of the kernel, and drivers of processors behind them, on pages of files: CVE-2019-8912 and CVE-2026-31431 were found there. Libraries do it faster themselves.',
  remediation:
    "Write 'install NAME /bin/false' for each that is named into /etc/modprobe.d/unused.conf, and run 'modprobe -r NAME'. Where it is part of the kernel, only a filter of system calls helps: refuse socket(AF_ALG).",
  references: [
    'https://docs.kernel.org/crypto/userspace-if.html',
    'https://nvd.nist.gov/vuln/detail/CVE-2019-8912',
    'https://nvd.nist.gov/vuln/detail/CVE-2026-31431',
  ],
  examples: [
    { good: oneModule(MODULES, 'algif_aead', 'm', true), bad: oneModule(MODULES, 'algif_aead', 'm', false) },
    { good: oneModule(MODULES, 'algif_hash', 'm', true), bad: oneModule(MODULES, 'algif_hash', 'y', true) },
  ],
  check: (facts) => notLoaded(facts, MODULES),
  fix: barringFix(MODULES, () => 'programs that have the kernel encrypt (iwd, cryptsetup of TrueCrypt volumes) fail'),
} satisfies HostCheck;
