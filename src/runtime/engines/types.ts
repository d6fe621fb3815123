// SPDX-License-Identifier: Apache-2.0

export const ENGINES = ['docker', 'podman', 'containerd', 'crio'] as const;
export type EngineName = (typeof ENGINES)[number];

/** By this name engines know the runtime, and the manifest of Kubernetes its handler. */
export const RUNTIME = 'secure';

/** What a configuration says of us: a file's text, or that it is not there. */
export type Text = string | null;

export interface Edit {
  readonly file: string;
  /** Path of the program that the engine calls. */
  readonly link: string;
}

/** How one engine is configured. All of it is pure: text in, text out. */
export interface EngineConfig {
  readonly name: EngineName;
  /** Where its configuration is unless it is said otherwise. */
  readonly file: string;
  /**
   * The text with the runtime in it, and as its default when that is asked for.
   * @throws SecureError CONFIG_INVALID with the position; ENGINE_CONFLICT: the name is taken
   */
  install(text: Text, edit: Edit, makeDefault: boolean): string;
  /**
   * The text without it, of a file that may have been changed by others since. `original` is what was there before it was installed.
   * @param keep only the default goes: the runtime of containers that are there is found by its name
   * @throws SecureError CONFIG_INVALID
   */
  undo(text: string, edit: Edit, original: Text, keep: boolean): Text;
  /** @throws SecureError ENGINE_CONFLICT: the engine that runs would not take this file, or not start with it. `root` stands for `/` */
  check?(root: string, file: string, makeDefault: boolean): void;
  /** Whether the text still names the runtime. */
  installed(text: string, edit: Edit): boolean;
  /** What makes the engine read it, after an installation and after one was undone; empty: it reads it each time. */
  readonly next: { readonly install: string; readonly undo: string };
}
