// SPDX-License-Identifier: Apache-2.0

/** A registry on this machine alone: an address or a range within 127.0.0.0/8, not a name or a range that begins the same. */
export const LOOPBACK =
  /^(?:127(?:\.\d{1,3}){3}(?:\/(?:[89]|[12]\d|3[0-2]))?(?::\d+)?|localhost(?::\d+)?|::1(?:\/128)?|\[::1\](?::\d+)?)$/;
