// SPDX-License-Identifier: Apache-2.0
import { type ErrorCode, SecureError } from '../../errors.ts';
import { JsonObject } from '../images/oci/json.ts';

export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token. */
  | { readonly kind: 'identity'; readonly token: string };

/** JSON that may hold a secret. The parser's own error quotes what it does not like, so it is not the cause. */
export function parseSecret(data: Buffer, code: ErrorCode, what: string): JsonObject {
  try {
    return JsonObject.parse(data, code, what);
  } catch {
    throw new SecureError(code, `${what} is not a JSON object`);
  }
}
