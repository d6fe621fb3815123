// SPDX-License-Identifier: Apache-2.0

/** A line longer than this is shown in parts. */
const LINE_LIMIT = 64 * 1024;
const NEWLINE = 0x0a;
const MASK = Buffer.from('***');
/** Shorter ones are everywhere: to hide them would show them. */
const SECRET_LENGTH = 4;

function replaced(line: Buffer, secret: Buffer): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = line.indexOf(secret); at >= 0; at = line.indexOf(secret, from)) {
    parts.push(line.subarray(from, at), MASK);
    from = at + secret.length;
  }
  return from === 0 ? line : Buffer.concat([...parts, line.subarray(from)]);
}

/** What a step prints, line by line, without its secrets: each of their lines is masked, whatever stands around it. */
export class Lines {
  readonly #secrets: readonly Buffer[];
  readonly #onLine: (line: string) => void;
  #rest = Buffer.alloc(0);

  constructor(secrets: readonly Buffer[], onLine: (line: string) => void) {
    const lines = secrets.flatMap((secret) => secret.toString('latin1').split(/\r?\n/));
    this.#secrets = lines.filter((line) => line.length >= SECRET_LENGTH).map((line) => Buffer.from(line, 'latin1'));
    this.#onLine = onLine;
  }

  write(chunk: Buffer): void {
    let all = Buffer.concat([this.#rest, chunk]);
    for (let end = all.indexOf(NEWLINE); end >= 0; end = all.indexOf(NEWLINE)) {
      this.#line(all.subarray(0, end));
      all = all.subarray(end + 1);
    }
    if (all.length > LINE_LIMIT) {
      this.#line(all);
      all = Buffer.alloc(0);
    }
    this.#rest = Buffer.from(all);
  }

  end(): void {
    if (this.#rest.length > 0) this.#line(this.#rest);
    this.#rest = Buffer.alloc(0);
  }

  #line(line: Buffer): void {
    let shown = line;
    for (const secret of this.#secrets) shown = replaced(shown, secret);
    this.#onLine(shown.toString('utf8').replace(/\r$/, ''));
  }
}
