// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../../cli/command.ts';
import { progress } from '../../cli/progress.ts';
import { loadPolicy } from '../../policies/index.ts';
import { readConfig } from '../../runtime/config.ts';
import { pullImage } from '../../runtime/images/import/pull.ts';
import { parsePlatform } from '../../runtime/images/oci/platform.ts';
import { formatReference, parseReference } from '../../runtime/images/reference.ts';
import { contentTrustNotice } from '../../runtime/images/signatures/content-trust.ts';
import { ImageStore } from '../../runtime/images/store.ts';
import { Inputs } from '../../runtime/inputs.ts';
import { policyIo } from '../../runtime/policy-io.ts';
import { signatureCheck } from '../../runtime/resolve.ts';

export default class ImagePull extends Command {
  static override id = 'image:pull';
  static override store = true;
  static override summary = 'Fetch an image from its registry.';
  static override description =
    'A name without a registry is one of docker.io. Credentials are those of `secure login`, `docker login` and `podman login`. Everything is verified ' +
    'before anything is visible; what the store has is not fetched again.';
  static override examples = [
    '$ secure image pull nginx:1.27',
    '$ secure image pull registry.example/team/app@sha256:…',
    '$ secure image pull --platform linux/arm64 localhost:5000/app',
  ];
  static override args = { reference: Args.string({ required: true, description: 'Reference.' }) };
  static override flags = {
    platform: Flags.string({ description: 'Which image of several.', helpValue: 'OS/ARCH[/VARIANT]' }),
    profile: Flags.string({
      description: 'Policy whose rules about signatures hold; default: the configured one.',
      helpValue: 'NAME|FILE',
    }),
    quiet: Flags.boolean({ char: 'q', description: 'No progress.' }),
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ImagePull);
    const reference = parseReference(args.reference);
    const notice = contentTrustNotice(process.env, reference);
    if (notice !== undefined) this.warn(notice);
    const options = flags.platform === undefined ? {} : { platform: parsePlatform(flags.platform) };
    const [cwd, inputs] = [process.cwd(), new Inputs()];
    const { profile } = await readConfig(flags.profile, cwd, inputs);
    const policy = await loadPolicy(profile, policyIo([], cwd));
    const store = await ImageStore.open(undefined, progress(this.jsonEnabled() || flags.quiet));
    const check = await signatureCheck(store, formatReference(reference), policy, inputs);
    const record = await pullImage(store, reference, { ...options, ...check });
    if (this.jsonEnabled()) this.logJson({ image: record });
    else this.log(`${record.reference.split('@', 1)[0]}@${record.digest}`);
  }
}
