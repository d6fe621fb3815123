// SPDX-License-Identifier: Apache-2.0
// What an answer that is no success means.
import { type RegistryCode, SecureError } from '../../errors.ts';
import { JsonObject } from '../images/oci/json.ts';
import { protocol } from './problems.ts';
import { type Answer, readBody } from './transport.ts';

/** Bytes of an error answer that are read for its message. */
const ERROR_LIMIT = 16 << 10;

export interface Asked {
  readonly registry: string;
  readonly repository: string;
  /** What was asked for, `manifest 1.2`. */
  readonly what: string;
  /** What a 404 is. */
  readonly unknown: RegistryCode;
}

/** The error for a final answer. Its content is read for the message that it may have. */
export async function failureOf(answer: Answer, { registry, repository, what, unknown }: Asked): Promise<SecureError> {
  const said = await message(answer);
  if (answer.status === 404) {
    return new SecureError(unknown, `registry ${registry} has no ${what} in ${repository}${said}`, {
      hint: 'check name and tag; the registry does not have this one',
    });
  }
  if (answer.status === 403) {
    return new SecureError('REGISTRY_DENIED', `registry ${registry} denies ${what} of ${repository}${said}`, {
      hint: 'the credentials in use, or being without any, do not allow it',
    });
  }
  return protocol(answer.url.host, `it answers ${answer.status} when asked for ${what}${said}`);
}

/** The message of an error answer (distribution-spec "Error Codes"), where it has one. */
async function message(answer: Answer): Promise<string> {
  try {
    const json = JsonObject.parse(await readBody(answer, ERROR_LIMIT, 'error'), 'REGISTRY_PROTOCOL', 'error');
    const [first] = json.objects('errors', 100);
    const text = first?.string('message', '') || first?.string('code', '') || '';
    return text === '' ? '' : `: ${JSON.stringify(text.slice(0, 200))}`;
  } catch {
    // Whatever it says, the status counts.
    return '';
  }
}
