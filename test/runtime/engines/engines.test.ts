// SPDX-License-Identifier: Apache-2.0
// What is written into the configuration of each engine, and taken out of one that was changed since.
import { describe, expect, it } from 'vitest';
import type { SecureError } from '../../../src/errors.ts';
import { ENGINE } from '../../../src/runtime/engines/index.ts';
import { parseToml, tomlValue } from '../../../src/runtime/engines/toml-edit.ts';
import { ENGINES, type EngineName, type Text } from '../../../src/runtime/engines/types.ts';

const LINK = '/usr/local/lib/secure/secure-runtime-policy';
const edit = { file: 'F', link: LINK };
const install = (engine: EngineName, text: Text, makeDefault = false) =>
  ENGINE[engine].install(text, edit, makeDefault);
const undo = (engine: EngineName, text: string, original: Text, keep = false) =>
  ENGINE[engine].undo(text, edit, original, keep);
const code = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    return (error as SecureError).code;
  }
  return 'accepted';
};

const DAEMON = `{
    "log-driver": "json-file",
    "runtimes": {
        "nvidia": { "args": [], "path": "nvidia-container-runtime" }
    },
    "default-runtime": "nvidia"
}
`;
const CRI = 'plugins."io.containerd.grpc.v1.cri"';
/** As Debian ships it, with what kubeadm asks for. */
const CONTAINERD = `version = 2

[plugins]
  [${CRI}]
    [${CRI}.cni]
      bin_dir = "/usr/lib/cni"
    [${CRI}.containerd]
      # the engine's own
      default_runtime_name = "runc"
      [${CRI}.containerd.runtimes.runc]
        runtime_type = "io.containerd.runc.v2"
        [${CRI}.containerd.runtimes.runc.options]
          SystemdCgroup = true
`;

describe('docker', () => {
  it('writes a file that was not there', () => {
    const made = `{\n  "runtimes": {\n    "secure": {\n      "path": "${LINK}"\n    }\n  }\n}\n`;
    for (const text of [null, '', ' \n']) expect(install('docker', text)).toBe(made);
    expect(JSON.parse(install('docker', null, true))).toMatchObject({ 'default-runtime': 'secure' });
    expect(undo('docker', install('docker', null, true), null)).toBeNull();
    expect(undo('docker', install('docker', '{}\n', true), '{}\n')).toBe('{}\n');
  });

  it('adds to one, and leaves the default alone unless it is asked for', () => {
    expect(install('docker', DAEMON)).toBe(
      DAEMON.replace('runtime" }\n', `runtime" },\n        "secure": {\n            "path": "${LINK}"\n        }\n`),
    );
    expect(install('docker', DAEMON, true)).toBe(install('docker', DAEMON).replace('": "nvidia"', '": "secure"'));
  });

  it('gives the default back, and keeps what others wrote since', () => {
    const changed = install('docker', DAEMON, true).replace('"json-file"', '"local",\n    "icc": false');
    expect(undo('docker', changed, DAEMON)).toBe(DAEMON.replace('"json-file"', '"local",\n    "icc": false'));
    // Another default was chosen since: it stays.
    const other = install('docker', DAEMON, true).replace('": "secure"', '": "crun"');
    expect(JSON.parse(undo('docker', other, DAEMON) ?? '')).toMatchObject({ 'default-runtime': 'crun' });
  });

  it('leaves a runtime of our name alone that is not ours', () => {
    const taken = '{"runtimes": {"secure": {"path": "/opt/other"}}}';
    expect(code(() => install('docker', taken))).toBe('ENGINE_CONFLICT');
    expect(undo('docker', taken, null)).toBe(taken);
    expect(ENGINE.docker.installed(taken, edit)).toBe(false);
    expect(code(() => install('docker', '{"default-runtime": 1}'))).toBe('CONFIG_INVALID');
    expect(code(() => install('docker', '{"runtimes": ["secure"]}'))).toBe('CONFIG_INVALID');
  });
});

describe('containerd', () => {
  it('adds a runtime with the cgroup driver of the one that is the default, and nothing else changes', () => {
    const made = install('containerd', CONTAINERD, true);
    expect(made).toBe(`${CONTAINERD.replace('name = "runc"', 'name = "secure"')}
[${CRI}.containerd.runtimes.secure]
runtime_type = "io.containerd.runc.v2"

[${CRI}.containerd.runtimes.secure.options]
BinaryName = "${LINK}"
SystemdCgroup = true
`);
    expect(undo('containerd', made, CONTAINERD)).toBe(CONTAINERD);
    const changed = made.replace('/usr/lib/cni', '/opt/cni/bin');
    expect(undo('containerd', changed, CONTAINERD)).toBe(CONTAINERD.replace('/usr/lib/cni', '/opt/cni/bin'));
  });

  it('makes the table of the default where there is none, and takes it out again', () => {
    const plain = 'version = 2\n[metrics]\naddress = ""\n';
    const made = install('containerd', plain, true);
    expect(made).toContain(`[${CRI}.containerd]\ndefault_runtime_name = "secure"\n`);
    expect(made).not.toContain('SystemdCgroup');
    expect(undo('containerd', `${made}# mine\n`, plain)).toBe(`${plain}# mine\n`);
    expect(undo('containerd', install('containerd', null, true), null)).toBeNull();
  });

  it('writes the runtime out that is there unasked, since it is not when another one is', () => {
    const runc = ['plugins', 'io.containerd.grpc.v1.cri', 'containerd', 'runtimes', 'runc'];
    const plain = 'version = 2\n';
    const made = install('containerd', plain);
    expect(tomlValue(parseToml(made, 'F'), runc)).toEqual({ runtime_type: 'io.containerd.runc.v2' });
    expect(undo('containerd', made, plain)).toBe(plain);
    const changed = made.replace('runtimes.runc]\n', 'runtimes.runc]\nbase_runtime_spec = "/s.json"\n');
    const left = parseToml(undo('containerd', changed, plain) ?? '', 'F');
    expect(tomlValue(left, runc)).toEqual({ runtime_type: 'io.containerd.runc.v2', base_runtime_spec: '/s.json' });
  });

  it('knows the newer version of the file', () => {
    const made = parseToml(install('containerd', 'version = 3\n'), 'F').value;
    expect(made).toMatchObject({
      plugins: {
        'io.containerd.cri.v1.runtime': { containerd: { runtimes: { secure: { options: { BinaryName: LINK } } } } },
      },
    });
  });

  it.each([
    ['the oldest version', '[plugins.cri.containerd]\n', 'CONFIG_INVALID'],
    ['one of the future', 'version = 4\n', 'CONFIG_INVALID'],
    ['a plugin that is disabled', 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n', 'ENGINE_CONFLICT'],
    ['the same by its old name', 'version = 2\ndisabled_plugins = ["cri"]\n', 'ENGINE_CONFLICT'],
    [
      'a runtime of our name',
      `version = 2\n[${CRI}.containerd.runtimes.secure]\nruntime_type = "x"\n`,
      'ENGINE_CONFLICT',
    ],
    [
      'runtimes in one line',
      `version = 2\n[${CRI}.containerd]\nruntimes = { runc = { runtime_type = "x" } }\n`,
      'CONFIG_INVALID',
    ],
  ])('refuses %s', (_, text, expected) => {
    expect(code(() => install('containerd', text))).toBe(expected);
  });
});

describe('drop-ins', () => {
  it('of podman', () => {
    expect(parseToml(install('podman', null, true), 'F').value).toEqual({
      engine: { runtime: 'secure', runtimes: { secure: [LINK] } },
    });
    expect(parseToml(install('podman', null), 'F').value).toEqual({ engine: { runtimes: { secure: [LINK] } } });
  });

  it('of CRI-O', () => {
    expect(parseToml(install('crio', null, true), 'F').value).toEqual({
      crio: {
        runtime: {
          default_runtime: 'secure',
          runtimes: { secure: { runtime_path: LINK, runtime_type: 'oci', runtime_root: '/run/secure-crio' } },
        },
      },
    });
  });

  it.each(['podman', 'crio'] as const)('of %s are removed, unless somebody else wrote into them', (engine) => {
    const made = install(engine, null, true);
    expect(undo(engine, made, null)).toBeNull();
    expect(undo(engine, `${made}# mine\n`, null)).toMatch(/^# Of [^\n]*\n# mine\n$/);
    const key = engine === 'podman' ? ['[engine]', 'num_locks = 64'] : ['[crio.runtime]', 'pids_limit = 64'];
    const changed = made.replace(`${key[0]}\n`, `${key[0]}\n${key[1]}\n`);
    expect(undo(engine, changed, null)).toMatch(new RegExp(`^# Of [^\\n]*\\n\\n\\${key[0]}\\n${key[1]}\\n$`));
  });
});

it.each(ENGINES)('%s: the runtime stays where containers need it, and is no longer the default', (engine) => {
  const original = { docker: DAEMON, containerd: CONTAINERD, podman: null, crio: null }[engine];
  const kept = undo(engine, install(engine, original, true), original, true);
  expect(kept).toBe(install(engine, original));
  expect(undo(engine, kept ?? '', original)).toBe(original);
});

it.each(ENGINES)('%s: what is installed already stays as it is, and is taken out once', (engine) => {
  for (const makeDefault of [false, true]) {
    const made = install(engine, null, makeDefault);
    expect(ENGINE[engine].installed(made, edit)).toBe(true);
    expect(install(engine, made, makeDefault)).toBe(made);
    const undone = undo(engine, `${made}${engine === 'docker' ? '' : '# mine'}\n`, made);
    expect(undone).not.toBeNull();
    expect(ENGINE[engine].installed(undone ?? '', edit)).toBe(false);
    expect(undo(engine, undone ?? '', made)).toBe(undone);
  }
});
