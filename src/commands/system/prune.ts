// SPDX-License-Identifier: Apache-2.0
import { Command } from '../../cli/command.ts';
import { printable } from '../../cli/output.ts';
import { prune } from '../../runtime/containers/prune.ts';
import { rootsFromEnv } from '../../runtime/images/roots.ts';

export default class Prune extends Command {
  static override id = 'system:prune';
  static override store = true;
  static override summary = 'Remove what nothing uses.';
  static override description =
    'Leftovers of processes that were killed, plans that were handed over, and blobs and layers that no image and no container needs. ' +
    'Containers, running or ended, and images stay.';
  static override examples = ['$ secure system prune', '$ secure system prune --json'];

  async run(): Promise<undefined> {
    await this.parse(Prune);
    const pruned = await prune(rootsFromEnv(), Date.now());
    if (this.jsonEnabled()) {
      this.logJson({ ...pruned });
      return;
    }
    const { runtime, plans, images } = pruned;
    const lines = [
      ...runtime,
      ...plans.map((name) => `plan ${name}`),
      ...images.blobs.map((digest) => `blob ${digest}`),
      ...images.layers.map((diffId) => `layer ${diffId}`),
      ...images.temporary.map((name) => `temporary ${name}`),
    ];
    for (const line of lines) this.log(printable(line));
    this.log(`removed: ${lines.length}, freed: ${images.freed} bytes of blobs`);
  }
}
