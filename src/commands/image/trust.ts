// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../../cli/command.ts';
import { rootsFromEnv } from '../../runtime/images/roots.ts';
import { toFile } from '../../runtime/images/save/destination.ts';
import { instanceOf, SIGSTORE } from '../../runtime/images/signatures/trust/instance.ts';
import { type Kept, keptTrustedRoot, readKept } from '../../runtime/images/signatures/trust/kept.ts';
import { Inputs } from '../../runtime/inputs.ts';

export default class ImageTrust extends Command {
  static override id = 'image:trust';
  static override store = true;
  static override summary = 'Fetch the trusted root of a sigstore instance, or show it.';
  static override description =
    'Whose certificates, logs and timestamps count for signatures by an identity changes from time to time. `update` fetches it by The Update Framework, held ' +
    'against the root that comes with this program or the one that --root names; `show` asks nobody. What was fetched counts until it expires, for ' +
    '--trusted-root sigstore and for policies.';
  static override examples = [
    '$ secure image trust update',
    '$ secure image trust show',
    '$ secure image trust update --mirror https://tuf.example --root root.json --output trusted_root.json',
  ];
  static override args = {
    action: Args.string({ required: true, options: ['update', 'show'], description: 'What to do.' }),
  };
  static override flags = {
    mirror: Flags.string({ default: SIGSTORE, description: 'Where from.', helpValue: 'URL' }),
    root: Flags.string({ description: 'The TUF root of the mirror to begin with.', helpValue: 'FILE' }),
    output: Flags.string({ description: 'Write trusted_root.json there, too.', helpValue: 'FILE' }),
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ImageTrust);
    const { state } = rootsFromEnv();
    const instance = instanceOf(flags.mirror, flags.root, new Inputs());
    const kept =
      args.action === 'update' ? await this.#update(state, instance) : readKept(state, instance, new Inputs());
    // Whether it counts, too: what has expired is shown by the error.
    keptTrustedRoot(state, instance, new Inputs());
    const { mirror, versions, expires, updated, target = '' } = kept ?? {};
    if (flags.output !== undefined) await toFile(flags.output, async (write) => write(Buffer.from(target)));
    if (this.jsonEnabled()) this.logJson({ mirror, versions, expires, updated });
    else this.log(`${mirror}: root ${versions?.root}, targets ${versions?.targets}; counts until ${expires}`);
  }

  async #update(state: string, instance: ReturnType<typeof instanceOf>): Promise<Kept> {
    const { updateTrust } = await import('../../runtime/images/signatures/trust/update.ts');
    return updateTrust(state, instance);
  }
}
