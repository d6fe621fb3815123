// SPDX-License-Identifier: Apache-2.0
import { Command } from '../../cli/command.ts';
import { printable } from '../../cli/output.ts';
import { runtimeBinary } from '../../runtime/binary.ts';
import { isLive, listContainers } from '../../runtime/containers/containers.ts';
import { readHost } from '../../runtime/host.ts';
import { rootsFromEnv } from '../../runtime/images/roots.ts';
import { PRODUCT_VERSION } from '../../version.ts';

export default class Info extends Command {
  static override id = 'system:info';
  static override summary = 'What this host offers.';
  static override examples = ['$ secure system info', '$ secure system info --json'];

  async run(): Promise<undefined> {
    await this.parse(Info);
    const [host, roots, runtime, containers] = [
      await readHost(),
      rootsFromEnv(),
      runtimeBinary(),
      await listContainers(),
    ];
    const running = containers.filter(isLive).length;
    if (this.jsonEnabled()) {
      this.logJson({ version: PRODUCT_VERSION, runtime, roots, host, containers: { all: containers.length, running } });
      return;
    }
    const yes = (value: boolean): string => (value ? 'yes' : 'no');
    const facts: [string, string][] = [
      ['version', PRODUCT_VERSION],
      ['runtime', runtime],
      ['state', `${roots.state}, ${roots.run}`],
      ['containers', `${containers.length}, ${running} running`],
      ['kernel', `${host.kernelRelease} ${host.architecture}`],
      ['landlock', host.landlockAbi > 0 ? `ABI ${host.landlockAbi}` : 'no'],
      ['seccomp', yes(host.seccomp)],
      ['user namespaces', yes(host.userNamespaces)],
      ['security modules', host.lsms.join(', ') || 'none known'],
      ['apparmor enforcing', yes(host.appArmorEnforcing)],
      ['selinux enforcing', yes(host.seLinuxEnforcing)],
      ['control groups', `${host.cgroup.mode}: ${host.cgroup.controllers.join(' ')}`],
      ['processors', String(host.cpus)],
      ['memory', `${Math.floor(host.memoryTotal / 2 ** 20)} MiB`],
    ];
    for (const [name, value] of facts) this.log(`${`${name}:`.padEnd(20)}${printable(value)}`);
  }
}
