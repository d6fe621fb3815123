// SPDX-License-Identifier: Apache-2.0
declare module 'seek-bzip' {
  interface Source {
    readByte(): number;
    read(buffer: Uint8Array, start: number, length: number): number;
    eof(): boolean;
  }
  const Bunzip: {
    /** Streams are taken as they are when they have `read` and `writeByte`. @throws on anything that is no bzip2 */
    decode(input: Source, output: { writeByte(byte: number): void; flush(): void }, multistream: boolean): void;
  };
  export default Bunzip;
}
