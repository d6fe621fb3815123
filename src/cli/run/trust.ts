// SPDX-License-Identifier: Apache-2.0
// --extra-ca FILE: certificates in PEM, and nothing else that may have got into the file.
import { resolve } from 'node:path';
import type { Inputs } from '../../runtime/inputs.ts';
import type { ExtraCa } from '../../runtime/plan/types.ts';
import { invalidValue } from '../read.ts';

const LIMIT = 1024 * 1024;
const FLAG = '--extra-ca';
const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/g;

/** @throws SecureError INVALID_VALUE */
async function readOne(path: string, inputs: Inputs): Promise<ExtraCa> {
  const file = inputs.read(path, LIMIT);
  if (file === undefined) throw invalidValue(FLAG, path, 'a file that exists');
  const text = file.data.toString('latin1');
  // The container reads what it is given.
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text))
    throw invalidValue(
      FLAG,
      path,
      'certificates alone: there is a private key in the file, which the container would get',
    );
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length === 0 || blocks.length !== text.split('-----BEGIN CERTIFICATE-----').length - 1)
    throw invalidValue(FLAG, path, 'certificates in PEM: -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----');
  const { X509Certificate } = await import('node:crypto');
  const certificates = blocks.map((block, i) => {
    const which = `certificate ${i + 1} of ${blocks.length}`;
    let certificate: InstanceType<typeof X509Certificate>;
    try {
      certificate = new X509Certificate(block);
    } catch {
      throw invalidValue(FLAG, path, `certificates: ${which} cannot be read`);
    }
    if (!certificate.ca)
      throw invalidValue(
        FLAG,
        path,
        `certificates of authorities: ${which} (${name(certificate.subject)}) may sign no others`,
      );
    if (Date.parse(certificate.validTo) < Date.now())
      throw invalidValue(
        FLAG,
        path,
        `certificates that are valid: ${which} (${name(certificate.subject)}) ended on ${certificate.validTo}`,
      );
    return certificate;
  });
  return {
    path,
    pem: certificates.map((certificate) => certificate.toString()).join(''),
    subjects: certificates.map(({ subject }) => name(subject)),
  };
}

/** On one line, for people. */
const name = (subject: string | undefined): string => (subject ?? '').split('\n').join(', ') || 'without a name';

/** The certificates of all files, each checked. @throws SecureError INVALID_VALUE */
export async function readExtraCas(paths: readonly string[], cwd: string, inputs: Inputs): Promise<ExtraCa[]> {
  const read: ExtraCa[] = [];
  for (const path of paths) read.push(await readOne(resolve(cwd, path), inputs));
  return read;
}
