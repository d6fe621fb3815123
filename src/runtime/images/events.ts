// SPDX-License-Identifier: Apache-2.0

/** Progress of an import or a build, for whoever renders it. */
export type ImageEvent =
  | { readonly type: 'copy'; readonly digest: string; readonly size: number; readonly present: boolean }
  /** `pushed`: it is sent from now on. */
  | {
      readonly type: 'push';
      readonly digest: string;
      readonly size: number;
      readonly outcome: 'present' | 'mounted' | 'pushed';
    }
  /** So many bytes of a blob are here, or there when it is pushed. */
  | { readonly type: 'received'; readonly digest: string; readonly done: number }
  | { readonly type: 'unpack'; readonly diffId: string }
  | { readonly type: 'setid'; readonly diffId: string; readonly paths: readonly string[] }
  | { readonly type: 'step'; readonly text: string }
  /** What the user ought to know even where no progress is shown. */
  | { readonly type: 'warning'; readonly text: string };

export type OnEvent = (event: ImageEvent) => void;
