// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../../cli/command.ts';
import { table } from '../../cli/table.ts';
import { parseReference } from '../../runtime/images/reference.ts';
import { contentTrustNotice } from '../../runtime/images/signatures/content-trust.ts';
import { readRequirement } from '../../runtime/images/signatures/requirement.ts';
import type { Outcome } from '../../runtime/images/signatures/types.ts';
import { requireOne } from '../../runtime/images/signatures/verify.ts';
import { ImageStore } from '../../runtime/images/store.ts';
import { verifyImage } from '../../runtime/images/verify-image.ts';

const COLUMNS = [
  { title: 'VERDICT', value: ({ accepted }: Outcome) => (accepted ? 'accepted' : 'refused') },
  { title: 'FORMAT', value: ({ format }: Outcome) => format },
  { title: 'FOUND AT', value: ({ place }: Outcome) => place.slice(0, 19) },
  { title: 'WHY', value: ({ text }: Outcome) => text },
];

export default class ImageVerify extends Command {
  static override id = 'image:verify';
  static override store = true;
  static override summary = 'Verify the signatures of an image, and explain each.';
  static override description =
    'Signatures are looked for in the repository: those of cosign (tag sha256-….sig), and sigstore bundles and those of the Notary Project that refer to the image. One that is ' +
    'accepted is enough; exit code 1 when none is. A pattern has to match the whole text.';
  static override examples = [
    '$ secure image verify registry.example/team/app:1 --key team.pub',
    '$ secure image verify registry.example/team/app:1 --notary-root ca.pem --notary-identity "x509.subject: C=US, ST=WA, O=acme.example" --digest-only',
    '$ secure image verify registry.example/team/app:1 --attestation slsa --key team.pub --json',
    '$ secure image verify ghcr.io/acme/app --certificate-identity ci@acme.example --certificate-oidc-issuer https://accounts.example --trusted-root trusted_root.json',
  ];
  static override args = { reference: Args.string({ required: true, description: 'Reference.' }) };
  static override flags = {
    key: Flags.string({
      multiple: true,
      description: 'A public key in PEM whose signature counts.',
      helpValue: 'FILE',
    }),
    'certificate-identity': Flags.string({ description: 'Who signed without a key of their own.', helpValue: 'NAME' }),
    'certificate-identity-regexp': Flags.string({ description: 'The same, as a pattern.', helpValue: 'PATTERN' }),
    'certificate-oidc-issuer': Flags.string({ description: 'Who vouches for the identity.', helpValue: 'URL' }),
    'certificate-oidc-issuer-regexp': Flags.string({ description: 'The same, as a pattern.', helpValue: 'PATTERN' }),
    'trusted-root': Flags.string({
      description: 'Whose certificates and logs count; sigstore: those of the public instance.',
      helpValue: 'FILE',
    }),
    'notary-root': Flags.string({
      multiple: true,
      description: 'Certificates in PEM of authorities for signers of the Notary Project.',
      helpValue: 'FILE',
    }),
    'notary-authority-root': Flags.string({
      multiple: true,
      description: 'The same, of signing authorities.',
      helpValue: 'FILE',
    }),
    'notary-timestamp-root': Flags.string({
      multiple: true,
      description: 'The same, of those whose timestamps count after certificates have expired.',
      helpValue: 'FILE',
    }),
    'notary-crl': Flags.string({
      multiple: true,
      description: 'Lists of revoked certificates; then each authority needs one.',
      helpValue: 'FILE',
    }),
    'notary-identity': Flags.string({
      multiple: true,
      description: "Who signs: subject of a certificate, or '*'.",
      helpValue: 'NAME',
    }),
    'gpg-key': Flags.string({
      multiple: true,
      description: 'OpenPGP public keys whose signature counts.',
      helpValue: 'FILE',
    }),
    lookaside: Flags.string({
      description: 'Where OpenPGP signatures are; default: by /etc/containers/registries.d.',
      helpValue: 'URL',
    }),
    attestation: Flags.string({
      description:
        'Verify attestations instead: slsa, spdx, cyclonedx, vuln or the type of a predicate. --json has what they say.',
      helpValue: 'KIND',
    }),
    'digest-only': Flags.boolean({ description: 'Accept signatures that name another repository, or none.' }),
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ImageVerify);
    const reference = parseReference(args.reference);
    const notice = contentTrustNotice(process.env, reference);
    if (notice !== undefined) this.warn(notice);
    const requirement = readRequirement(flags);
    const verified = await verifyImage(await ImageStore.open(), reference, requirement);
    if (this.jsonEnabled()) this.logJson({ ...verified });
    else if (verified.outcomes.length > 0) this.log(`${verified.image}\n${table(verified.outcomes, COLUMNS)}`);
    requireOne(verified.outcomes, verified.image, requirement);
  }
}
