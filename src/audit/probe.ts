// SPDX-License-Identifier: Apache-2.0
// What a probe said, judged: by its own checks, and by those of containers that ask for the same.

import coreDumps from './checks/container/core-dumps.ts';
import capabilities from './checks/container/host-capabilities.ts';
import mountPropagation from './checks/container/mount-propagation.ts';
import noNewPrivileges from './checks/container/no-new-privileges.ts';
import nonRoot from './checks/container/non-root.ts';
import readOnlyRoot from './checks/container/read-only-root.ts';
import seccomp from './checks/container/seccomp.ts';
import userNamespace from './checks/container/user-namespace.ts';
import { CHECKS } from './checks/index.ts';
import { containerOf, mountsOf } from './facts/probe/container.ts';
import type { ProbeFacts } from './facts/probe.ts';
import { results } from './run.ts';
import type { Audited } from './types.ts';
import { probeUri } from './uri.ts';

/** Of one process: what a plan or an engine would say besides, a probe cannot see. */
const OF_A_PROCESS = [capabilities, noNewPrivileges, userNamespace, nonRoot, seccomp, readOnlyRoot, coreDumps];

export const auditProbe = (facts: ProbeFacts): Audited => ({
  ...{ target: 'probe', name: facts.name, uri: probeUri(facts.name) },
  results: [
    ...results(CHECKS.probe, facts),
    ...results(OF_A_PROCESS, containerOf(facts)),
    ...results([mountPropagation], mountsOf(facts)),
  ],
});
