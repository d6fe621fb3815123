// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path';
import { parseJson, readTextFile } from '../../audit/read-file.ts';
import { auditImages, type ImageAuditOptions } from '../../audit/run.ts';
import type { Audited } from '../../audit/types.ts';
import { parseVex } from '../../audit/vulnerabilities/vex.ts';
import { AuditCommand } from '../../cli/audit/command.ts';
import { AUDIT_FLAGS } from '../../cli/audit/flags.ts';
import { inScratchStore } from '../../cli/audit/scratch.ts';
import { Args, Flags } from '../../cli/command.ts';
import { asTyped, valuesFlag } from '../../cli/definitions.ts';
import { progress } from '../../cli/progress.ts';
import { SecureError } from '../../errors.ts';
import { importImage } from '../../runtime/images/import/import.ts';
import { loadImages } from '../../runtime/images/import/load.ts';
import { pullImage } from '../../runtime/images/import/pull.ts';
import type { ImageRecord } from '../../runtime/images/records.ts';
import { parseReference } from '../../runtime/images/reference.ts';
import { ImageStore } from '../../runtime/images/store.ts';

/** A name for the only image of an archive that gives none: of its file. */
const nameOf = (path: string): string =>
  basename(path)
    .toLowerCase()
    .replace(/\.(?:tar|tgz|tar\.[a-z0-9]+)$/, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '') || 'archive';

async function namedOrNot(scratch: ImageStore, path: string): Promise<ImageRecord[]> {
  try {
    return await loadImages(scratch, path);
  } catch (error) {
    if (!(error instanceof SecureError) || error.code !== 'MISSING_ARGUMENT' || path === '-') throw error;
    return [await importImage(scratch, path, { name: nameOf(path) })];
  }
}

const VEX_LIMIT = 16 << 20;

export default class AuditImage extends AuditCommand {
  static override id = 'audit:image';
  static override store = true;
  static override summary = 'Audit images: configuration, files, secrets, vulnerabilities.';
  static override description =
    'Images of the store; with --archive also those of files, and with --pull those that a registry has. What is brought in for it is unpacked beside the store ' +
    'by the confined extractor, runs nowhere, and is gone when the audit ends.';
  static override examples = [
    '$ secure audit image nginx',
    '$ secure audit image --format sarif localhost/nginx:latest > nginx.sarif',
    '$ secure audit image --min-score 90 nginx redis',
    '$ secure audit image --vex nginx.openvex.json nginx',
    '$ secure audit image --archive app.tar',
    '$ secure audit image --pull registry.example/team/app:1.4',
  ];
  static override args = { image: Args.string({ multiple: true, description: 'References.' }) };
  static override flags = {
    ...AUDIT_FLAGS,
    archive: valuesFlag(asTyped, {
      description: 'All images of an archive of docker, podman or OCI, or of an OCI layout; may be repeated.',
      helpValue: 'FILE',
    }),
    pull: Flags.boolean({ description: 'Fetch the images from their registries, and keep nothing.' }),
    vex: valuesFlag(asTyped, {
      description: 'OpenVEX document: what the image is not affected by; may be repeated.',
      helpValue: 'FILE',
    }),
  };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(AuditImage);
    const vex = (flags.vex ?? []).map((path) => parseVex(parseJson(readTextFile(path, VEX_LIMIT), path), path));
    const excepted = (message: string): void => this.note(`excepted: ${message}`);
    return this.audit(flags, () => this.#audited(args.image ?? [], flags.archive ?? [], flags.pull, { vex, excepted }));
  }

  async #audited(
    references: readonly string[],
    archives: readonly string[],
    pull: boolean,
    options: ImageAuditOptions,
  ): Promise<Audited[]> {
    if (references.length + archives.length === 0)
      throw new SecureError('MISSING_ARGUMENT', 'no image is named', {
        hint: 'name one that `secure image ls` lists, or give --archive FILE',
      });
    const store = await ImageStore.open(undefined, progress(true));
    const state = store.paths.state;
    /** Each in a store of its own: two archives may call different images by one name. */
    const broughtIn = (bring: (scratch: ImageStore) => Promise<readonly ImageRecord[]>): Promise<Audited[]> =>
      inScratchStore(store, async (scratch) => {
        const names = (await bring(scratch)).map(({ reference }) => reference);
        return auditImages(scratch, names, { ...options, state });
      });
    const audited: Audited[] = [];
    for (const archive of archives) audited.push(...(await broughtIn((scratch) => namedOrNot(scratch, archive))));
    if (!pull) return [...audited, ...(references.length === 0 ? [] : await auditImages(store, references, options))];
    for (const text of references)
      audited.push(...(await broughtIn(async (scratch) => [await pullImage(scratch, parseReference(text))])));
    return audited;
  }
}
