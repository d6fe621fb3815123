// SPDX-License-Identifier: Apache-2.0
// Certificates that the container trusts beyond its image's, such as the ones of a company's proxy.
import type { Context } from './context.ts';
import type { Generated } from './files.ts';

/** Where programs of most images look first, also when the image has no bundle at all. */
const USUAL = '/etc/ssl/certs/ca-certificates.crt';

/** Bundles as distributions place them; only those that are regular files count, the others are links to them. */
export const CA_BUNDLES = [
  USUAL,
  '/etc/ssl/cert.pem',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/var/lib/ca-certificates/ca-bundle.pem',
] as const;

/** Variables that make OpenSSL and Node read a bundle; those of the image and the request come first. */
export const trustEnv = ({ request }: Context): string[] =>
  request.extraCas.length === 0 ? [] : [`SSL_CERT_FILE=${USUAL}`, `NODE_EXTRA_CA_CERTS=${USUAL}`];

/** The image's bundles with the certificates at their end. */
export function planBundles({ request, image, policy, reasons }: Context): Generated[] {
  if (request.extraCas.length === 0) return [];
  const found = image.caBundles ?? [];
  const bundles = found.some(({ path }) => path === USUAL)
    ? found
    : [{ path: USUAL, text: found[0]?.text ?? '' }, ...found];
  const added = request.extraCas.map(({ pem }) => pem).join('');
  reasons.add({
    control: 'extra-ca',
    decision: request.extraCas.flatMap(({ subjects }) => subjects).join('; '),
    by: policy.run.network.by,
    why: `asked for with --extra-ca ${request.extraCas.map(({ path }) => path).join(', ')}: trusted besides the image's own`,
    required: false,
  });
  return bundles.map(({ path, text }, i) => ({
    destination: path,
    name: `ca-bundle-${i}.crt`,
    pieces: [text === '' || text.endsWith('\n') ? text + added : `${text}\n${added}`],
  }));
}
