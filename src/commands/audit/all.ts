// SPDX-License-Identifier: Apache-2.0
import { hostname } from 'node:os';
import { type Collected, RECORDED } from '../../audit/recorded.ts';
import { auditDockerfiles, auditImages, collectHostTarget } from '../../audit/run.ts';
import { AuditCommand } from '../../cli/audit/command.ts';
import { auditContainers, auditRunning } from '../../cli/audit/containers.ts';
import { collectEngines, enginesHere } from '../../cli/audit/engines.ts';
import { AUDIT_FLAGS } from '../../cli/audit/flags.ts';
import { auditFacts, FACTS_FLAGS } from '../../cli/audit/recorded.ts';
import { Flags } from '../../cli/command.ts';
import { asTyped, valuesFlag } from '../../cli/definitions.ts';
import { ImageStore } from '../../runtime/images/store.ts';

/** In a container with the machine's file system at `root`, the name of the machine is that of the container. */
const hostAndEngines = async (root?: string): Promise<Collected[]> => [
  await collectHostTarget(root, hostname()),
  ...(await collectEngines(enginesHere(undefined, root))),
];

export default class AuditAll extends AuditCommand {
  static override id = 'audit:all';
  static override summary = 'Audit this host, its engines, all images of the store and all running containers.';
  static override examples = [
    '$ secure audit all',
    '$ secure audit all --output audit.sarif --output audit.html',
    '$ secure audit all --image nginx --container web --dockerfile Dockerfile',
  ];
  static override flags = {
    image: valuesFlag(asTyped, {
      description: 'Of the images only this one; may be repeated.',
      helpValue: 'REFERENCE',
    }),
    container: valuesFlag(asTyped, { description: 'Of the containers only this one.', helpValue: 'NAME' }),
    dockerfile: valuesFlag(asTyped, { description: 'A Dockerfile too; may be repeated.', helpValue: 'FILE' }),
    root: Flags.string({
      description: 'Where the file system of the host is, for a container that audits it.',
      helpValue: 'DIRECTORY',
    }),
    ...FACTS_FLAGS,
    ...AUDIT_FLAGS,
  };

  async run(): Promise<number> {
    const { flags } = await this.parse(AuditAll);
    return this.audit(flags, async () => {
      // First what is named, so that a name that is wrong is said at once.
      const dockerfiles = await auditDockerfiles(flags.dockerfile ?? []);
      const containers = await (flags.container === undefined ? auditRunning() : auditContainers(flags.container));
      const store = await ImageStore.open();
      const references = flags.image ?? (await store.list()).map(({ reference }) => reference);
      const images = await auditImages(store, references);
      return [
        ...(await auditFacts(flags, RECORDED, () => hostAndEngines(flags.root))),
        ...images,
        ...containers,
        ...dockerfiles,
      ];
    });
  }
}
