// SPDX-License-Identifier: Apache-2.0

/** Facts as examples write them: what matters, merged over those of something well configured. Undefined removes. */
export type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> | undefined }
    : T;
