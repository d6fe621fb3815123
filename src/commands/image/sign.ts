// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../../cli/command.ts';
import { keyPassphrase } from '../../cli/passphrase.ts';
import { SecureError } from '../../errors.ts';
import { parseReference } from '../../runtime/images/reference.ts';
import { FORMATS, signImage } from '../../runtime/images/sign-image.ts';
import { signWithGpg } from '../../runtime/images/signatures/gpg/sign.ts';
import { readPrivateKeyFile } from '../../runtime/images/signatures/private-key.ts';

export default class ImageSign extends Command {
  static override id = 'image:sign';
  static override summary = 'Sign an image in its registry with a key.';
  static override description =
    'Signs the digest that the registry has under the reference, for this repository, as a sigstore bundle (cosign 3) and in the form of cosign 1 and 2. ' +
    'Signatures that are there stay. The passphrase of an encrypted key, ' +
    "cosign's own form included, is the first line of --passphrase-file, else of SECURE_KEY_PASSPHRASE or COSIGN_PASSWORD, else asked for on the terminal.";
  static override examples = [
    '$ openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out team.key',
    '$ openssl pkey -in team.key -pubout -out team.pub',
    '$ secure image sign registry.example/team/app:1 --key team.key',
    '$ secure image sign registry.example/team/app:1 --key cosign.key --passphrase-file /dev/stdin < passphrase',
    '$ secure image sign registry.example/team/app:1 --gpg-user 0123…CDEF --lookaside file:///srv/signatures',
  ];
  static override args = { reference: Args.string({ required: true, description: 'Reference.' }) };
  static override flags = {
    key: Flags.string({ description: 'Private key in PEM.', helpValue: 'FILE' }),
    'passphrase-file': Flags.string({ description: 'What the key is encrypted with.', helpValue: 'FILE' }),
    'gpg-user': Flags.string({ description: 'Sign with gpg instead, as this user.', helpValue: 'FINGERPRINT' }),
    lookaside: Flags.string({ description: 'Where such a signature is kept.', helpValue: 'file:///DIRECTORY' }),
    format: Flags.string({ options: FORMATS, default: 'both', description: 'Which verifiers it is for.' }),
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ImageSign);
    const reference = parseReference(args.reference);
    if (flags['gpg-user'] !== undefined && flags.key === undefined && flags.lookaside !== undefined) {
      const { image, place } = await signWithGpg(reference, flags['gpg-user'], flags.lookaside);
      if (this.jsonEnabled()) this.logJson({ image, signatures: [{ format: 'gpg', place }] });
      else this.log(`${image}\n${place}`);
      return;
    }
    if (flags.key === undefined || flags['gpg-user'] !== undefined || flags.lookaside !== undefined)
      throw new SecureError('USAGE', 'either --key, or --gpg-user with --lookaside', {
        hint: 'see secure image sign --help',
      });
    const key = await readPrivateKeyFile(flags.key, () => keyPassphrase(flags['passphrase-file']));
    const signed = await signImage(reference, key, flags.format as (typeof FORMATS)[number]);
    if (this.jsonEnabled()) {
      this.logJson({ ...signed });
      return;
    }
    this.log(signed.image);
    for (const { format, place } of signed.signatures) this.note(`${format}: ${place}`);
  }
}
