// SPDX-License-Identifier: Apache-2.0
// dockerd: daemon.json (https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file). Runtimes and the default one are
// read again on SIGHUP, unless they are no longer there.
import { SecureError } from '../../errors.ts';
import { isEmptyObject, jsonValue, removeJson, setJson } from '../../json-edit.ts';
import { nameTaken } from './conflict.ts';
import { checkDockerFlags } from './docker-flags.ts';
import { type EngineConfig, RUNTIME, type Text } from './types.ts';

const ENTRY = ['runtimes', RUNTIME] as const;
const DEFAULT = ['default-runtime'] as const;

const isEmpty = (text: Text): boolean => text === null || text.trim() === '';
const pathOf = (text: string, file: string): unknown => {
  const entry = jsonValue(text, file, ENTRY);
  return typeof entry === 'object' && entry !== null && 'path' in entry ? entry.path : entry;
};

export const docker: EngineConfig = {
  name: 'docker',
  file: '/etc/docker/daemon.json',
  next: { install: 'systemctl reload docker', undo: 'systemctl restart docker' },

  install(text, { file, link }, makeDefault) {
    let made = isEmpty(text) ? '{}\n' : (text ?? '');
    const known = pathOf(made, file);
    if (known === undefined) made = setJson(made, file, ENTRY, { path: link });
    else if (known !== link) throw nameTaken(file, known);
    const before = jsonValue(made, file, DEFAULT);
    if (before !== undefined && typeof before !== 'string')
      throw new SecureError('CONFIG_INVALID', 'default-runtime is not a string', {
        position: { file },
        hint: 'correct the file first; nothing was changed',
      });
    if (makeDefault && before !== RUNTIME) made = setJson(made, file, DEFAULT, RUNTIME);
    return made;
  },

  undo(text, { file, link }, original, keep) {
    if (isEmpty(text) || pathOf(text, file) !== link) return text;
    let made = text;
    if (!keep) made = removeJson(made, file, ENTRY);
    const kept = isEmpty(original) ? undefined : (original ?? undefined);
    if (
      isEmptyObject(made, file, ['runtimes']) &&
      (kept === undefined || jsonValue(kept, file, ['runtimes']) === undefined)
    )
      made = removeJson(made, file, ['runtimes']);
    if (jsonValue(made, file, DEFAULT) === RUNTIME) {
      const before = kept === undefined ? undefined : jsonValue(kept, file, DEFAULT);
      made =
        before === undefined || before === RUNTIME
          ? removeJson(made, file, DEFAULT)
          : setJson(made, file, DEFAULT, before);
    }
    return original === null && /^\s*\{\s*\}\s*$/.test(made) ? null : made;
  },

  check: checkDockerFlags,
  installed: (text, { file, link }) => !isEmpty(text) && pathOf(text, file) === link,
};
