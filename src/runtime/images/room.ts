// SPDX-License-Identifier: Apache-2.0
// What an image of somebody who is not trusted may take of the disk, all of it together: an archive may name one file as many layers, and a
// layer may be a thousand times as large as it is packed.
import { SecureError } from '../../errors.ts';

export class Room {
  readonly #whole: number;
  #bytes: number;
  #entries: number;

  constructor(bytes: number, entries: number) {
    this.#whole = bytes;
    this.#bytes = bytes;
    this.#entries = entries;
  }

  /** For what comes next. @throws SecureError LIMIT_EXCEEDED: none is left */
  get left(): { readonly bytes: number; readonly entries: number } {
    if (this.#bytes < 1 || this.#entries < 1) throw this.#full();
    return { bytes: this.#bytes, entries: this.#entries };
  }

  /** @throws SecureError LIMIT_EXCEEDED: there is less */
  take(bytes: number, entries = 1): void {
    this.#bytes -= bytes;
    this.#entries -= entries;
    if (this.#bytes < 0 || this.#entries < 0) throw this.#full();
  }

  #full(): SecureError {
    return new SecureError(
      'LIMIT_EXCEEDED',
      `the image takes more than ${Math.floor(this.#whole / 2 ** 20)} MiB of the disk, or too many files`,
      { hint: 'make room on the disk' },
    );
  }
}
