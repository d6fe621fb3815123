// SPDX-License-Identifier: Apache-2.0
// What the engines with TOML have in common.
import { isDeepStrictEqual } from 'node:util';
import { SecureError } from '../../errors.ts';
import { nameTaken } from './conflict.ts';
import { parseToml, removeHeader, removeToml, setToml, type TomlFile, type TomlValue, tomlValue } from './toml-edit.ts';
import { type Edit, type EngineConfig, type EngineName, RUNTIME, type Text } from './types.ts';

type Path = readonly string[];

/** Where a file of one engine says what; it may depend on the version that the file is of. */
export interface Places {
  /** Table of the runtime, or its list of programs. */
  readonly entry: Path;
  /** Which runtime is the default. */
  readonly makeDefault: Path;
  /** Where, at or below `entry`, the path of the program is. */
  readonly program: Path;
  /** What is written, in this order. */
  readonly keys: readonly (readonly [Path, TomlValue])[];
  /** A table that has to be written out as soon as ours is there. */
  readonly beside?: { readonly path: Path; readonly value: Readonly<Record<string, TomlValue>> };
}

export interface TomlEngine {
  readonly name: EngineName;
  readonly file: string;
  readonly next: EngineConfig['next'];
  /** What a new file begins with. */
  readonly start: string;
  /** @throws SecureError CONFIG_INVALID: a version that is not known */
  places(toml: TomlFile, edit: Edit): Places;
  /** @throws SecureError ENGINE_CONFLICT: a runtime in this file would have no effect */
  check?(toml: TomlFile): void;
}

const first = (value: unknown): unknown =>
  Array.isArray(value) && value.length === 1 ? (value as unknown[])[0] : value;
const program = (toml: TomlFile, { entry, program: at }: Places): unknown =>
  first(tomlValue(toml, at)) ?? tomlValue(toml, entry);

export function tomlEngine(engine: TomlEngine): EngineConfig {
  const { name, file, next, start } = engine;
  const beginning = (text: Text): string => (text === null || text.trim() === '' ? start : text);
  return {
    name,
    file,
    next,

    install(text, edit, makeDefault) {
      let made = beginning(text);
      const toml = parseToml(made, edit.file);
      const places = engine.places(toml, edit);
      engine.check?.(toml);
      const known = program(toml, places);
      if (known !== undefined && known !== edit.link) throw nameTaken(edit.file, known);
      if (makeDefault && tomlValue(toml, places.makeDefault) !== RUNTIME)
        made = setToml(made, edit.file, places.makeDefault, RUNTIME);
      const { beside } = places;
      if (known === undefined && beside !== undefined && tomlValue(toml, beside.path) === undefined)
        for (const [key, value] of Object.entries(beside.value))
          made = setToml(made, edit.file, [...beside.path, key], value);
      if (known === undefined) for (const [path, value] of places.keys) made = setToml(made, edit.file, path, value);
      return made;
    },

    undo(text, edit, original, keep) {
      const toml = parseToml(text, edit.file);
      const places = engine.places(toml, edit);
      if (program(toml, places) !== edit.link) return text;
      const before = parseToml(original ?? start, edit.file);
      let made = keep ? text : removeToml(text, edit.file, places.entry);
      const { beside } = places;
      // With what somebody added it is theirs.
      const added = beside !== undefined && isDeepStrictEqual(tomlValue(toml, beside.path), beside.value);
      if (!keep && added && tomlValue(before, beside.path) === undefined)
        made = removeToml(made, edit.file, beside.path);
      if (tomlValue(toml, places.makeDefault) === RUNTIME) {
        const old = tomlValue(before, places.makeDefault);
        made =
          typeof old === 'string' && old !== RUNTIME
            ? setToml(made, edit.file, places.makeDefault, old)
            : removeToml(made, edit.file, places.makeDefault);
      }
      // Headers that only what was taken away has needed.
      for (const path of [places.entry.slice(0, -1), places.makeDefault.slice(0, -1)])
        if (!before.tables.some((table) => table.path.join('\0') === path.join('\0')))
          made = removeHeader(made, edit.file, path);
      // A drop-in is ours as a whole; of a main file that is so when there was none before.
      const ours = original === null || start.startsWith('#');
      return ours && made.trim() === start.trim() ? null : made;
    },

    installed(text, edit) {
      const toml = parseToml(text, edit.file);
      return program(toml, engine.places(toml, edit)) === edit.link;
    },
  };
}

/** A file of a version that is not known. */
export function unknownVersion(file: string, version: unknown, hint: string): SecureError {
  return new SecureError('CONFIG_INVALID', `version ${JSON.stringify(version)} of this file is not known here`, {
    position: { file },
    hint,
  });
}
