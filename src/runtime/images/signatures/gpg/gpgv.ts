// SPDX-License-Identifier: Apache-2.0
// OpenPGP is left to gpgv(1), which has keys, messages and their history in one place and is part of every Debian: a library in this process
// would be more code than all of the rest. What it says is read from a descriptor of its own, so no file name, user id or content can
// imitate it (CVE-2018-12020), and everything but one good signature refuses.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExitCode, SecureError } from '../../../../errors.ts';
import { Refusal } from '../problems.ts';
import type { Keyring } from './keyring.ts';

export interface SignedMessage {
  /** Of the primary key, in hex. */
  readonly fingerprint: string;
  readonly payload: Buffer;
}

const OUTPUT_LIMIT = 4 << 20;
const TIMEOUT_MS = 20_000;
const PREFIX = '[GNUPG:] ';
/** Anything of these, beside a good signature too, refuses (gnupg doc/DETAILS). */
const BAD = new Map([
  ['BADSIG', 'the signature is not one of this content'],
  ['ERRSIG', 'the key is none of those that count'],
  ['EXPSIG', 'the signature has expired'],
  ['EXPKEYSIG', 'the key has expired'],
  ['REVKEYSIG', 'the key was revoked'],
  ['NODATA', 'it is no OpenPGP message'],
  ['UNEXPECTED', 'it is no OpenPGP message'],
  ['FAILURE', 'it is no OpenPGP message'],
  ['ERROR', 'it is malformed'],
]);
/** RFC 9580, 9.5: SHA-2 and SHA-3. */
const HASHES = new Set(['8', '9', '10', '11', '12', '14']);
/** RFC 9580, 5.2.1: of a binary document. */
const BINARY = '00';

function run(keyring: Keyring, message: Buffer) {
  const directory = mkdtempSync(join(tmpdir(), 'secure-gpgv-'));
  try {
    const [keys, file] = [join(directory, 'keys'), join(directory, 'message')];
    writeFileSync(keys, keyring.data, { mode: 0o600 });
    writeFileSync(file, message, { mode: 0o600 });
    const args = ['--homedir', directory, '--keyring', keys, '--status-fd', '3', '--output', '-', '--', file];
    return spawnSync('gpgv', args, {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
      maxBuffer: OUTPUT_LIMIT,
      timeout: TIMEOUT_MS,
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * The content of a signed message (not detached, not clear text) that exactly one key of the ring has signed.
 * @throws Refusal, SecureError TOOL_MISSING
 */
export function verifyMessage(keyring: Keyring, message: Buffer): SignedMessage {
  const { error, status, stdout, output } = run(keyring, message);
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT')
    throw new SecureError('TOOL_MISSING', 'gpgv is not installed, which OpenPGP signatures are verified with', {
      hint: 'install it: apt install gpgv',
      exitCode: ExitCode.host,
    });
  if (error !== undefined) throw new Refusal('it is too large, or takes too long to verify');
  const lines = (output[3] ?? Buffer.alloc(0)).toString('latin1').split('\n');
  const said = lines.filter((line) => line.startsWith(PREFIX)).map((line) => line.slice(PREFIX.length).split(' '));
  const bad = said.map(([word = '']) => BAD.get(word)).find((reason) => reason !== undefined);
  if (bad !== undefined) throw new Refusal(bad);
  const of = (word: string) => said.filter(([first]) => first === word);
  const [valid, ...more] = of('VALIDSIG');
  // What follows a message gpgv does not read, so it is in no payload; more than one content would be.
  if (of('PLAINTEXT').length !== 1) throw new Refusal('it is not one message with one content');
  if (status !== 0 || valid === undefined || more.length > 0 || of('GOODSIG').length !== 1 || of('NEWSIG').length > 1)
    throw new Refusal('it is not one message with one signature');
  const [, own = '', , , , , , , hash = '', kind = '', primary = own] = valid;
  if (!HASHES.has(hash)) throw new Refusal('it is signed over a hash that does not do');
  if (kind !== BINARY) throw new Refusal('it is no signature of a document');
  return { fingerprint: primary, payload: stdout };
}
