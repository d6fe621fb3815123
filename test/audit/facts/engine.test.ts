// SPDX-License-Identifier: Apache-2.0
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import schema from '../../../schemas/inputs/engine.schema.json' with { type: 'json' };
import { ENGINES, type EngineName, engineSubject } from '../../../src/audit/facts/engine.ts';
import { parseToml } from '../../../src/runtime/engines/toml-edit.ts';

const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema);
const facts = (name: EngineName, ...values: Record<string, unknown>[]) => {
  const subject = engineSubject(
    name,
    values.map((value, i) => ({ path: `/etc/${i}`, value })),
  );
  expect(validate(subject.facts), JSON.stringify(validate.errors)).toBe(true);
  return subject.facts as Record<string, unknown>;
};
const toml = (text: string) => parseToml(text, 'x.toml').value as Record<string, unknown>;

describe('the configuration of an engine', () => {
  it.each(ENGINES)('%s: one that is not there says nothing', (name) => {
    expect(facts(name)).toMatchObject({
      files: [],
      defaultRuntime: '',
      noNewPrivileges: null,
      listen: [],
      runtimes: {},
      config: {},
    });
    // Nor one in which everything has another type than it should.
    const wrong = {
      runtimes: 1,
      hosts: 2,
      icc: 'x',
      engine: [],
      containers: '',
      plugins: [1],
      grpc: null,
      crio: 7,
      'default-runtime': {},
    };
    expect(facts(name, wrong)).toMatchObject({ defaultRuntime: '', runtimes: {}, interContainer: null });
  });

  it('docker', () => {
    expect(
      facts('docker', {
        ...{
          hosts: ['tcp://0.0.0.0:2375'],
          icc: false,
          'userns-remap': 'default',
          'no-new-privileges': true,
          'selinux-enabled': true,
        },
        ...{
          'default-runtime': 'secure',
          runtimes: { secure: { path: '/usr/local/bin/x' }, kata: { runtimeType: 'io.containerd.kata.v2' } },
        },
        ...{ 'insecure-registries': ['r.example'], 'seccomp-profile': 'unconfined', 'live-restore': true },
      }),
    ).toMatchObject({
      ...{
        listen: ['tcp://0.0.0.0:2375'],
        interContainer: false,
        userNamespace: 'default',
        noNewPrivileges: true,
        selinux: true,
        liveRestore: true,
      },
      ...{
        defaultRuntime: 'secure',
        runtimes: { secure: '/usr/local/bin/x', kata: 'io.containerd.kata.v2' },
        insecureRegistries: ['r.example'],
        seccompProfile: 'unconfined',
      },
    });
  });

  it('podman, of files that are read one after the other', () => {
    const first = toml(
      '[containers]\nuserns = "auto"\ndefault_capabilities = ["CHOWN", "SYS_ADMIN"]\n[engine]\nruntime = "crun"\n[engine.runtimes]\ncrun = ["/usr/bin/crun"]\n',
    );
    const second = toml(
      '[containers]\ndefault_capabilities = ["CHOWN"]\n[engine]\nruntime = "secure"\n[engine.runtimes]\nsecure = ["/usr/local/lib/x", "/other"]\n',
    );
    expect(facts('podman', first, second)).toMatchObject({
      files: ['/etc/0', '/etc/1'],
      userNamespace: 'auto',
      capabilities: ['CHOWN'],
      defaultRuntime: 'secure',
      runtimes: { crun: '/usr/bin/crun', secure: '/usr/local/lib/x' },
    });
  });

  it.each(['io.containerd.grpc.v1.cri', 'io.containerd.cri.v1.runtime'])('containerd, with %s', (plugin) => {
    const config = toml(
      `version = 2\n[grpc]\naddress = "/run/c.sock"\n[plugins."${plugin}"]\nenable_selinux = true\n[plugins."${plugin}".containerd]\ndefault_runtime_name = "secure"\n[plugins."${plugin}".containerd.runtimes.secure]\nruntime_type = "io.containerd.runc.v2"\n[plugins."${plugin}".containerd.runtimes.secure.options]\nBinaryName = "/x"\n[plugins."${plugin}".containerd.runtimes.runc]\nruntime_type = "io.containerd.runc.v2"\n`,
    );
    expect(facts('containerd', config)).toMatchObject({
      ...{ defaultRuntime: 'secure', selinux: true, listen: ['/run/c.sock'] },
      runtimes: { secure: '/x', runc: 'io.containerd.runc.v2' },
    });
  });

  it('CRI-O', () => {
    expect(
      facts(
        'crio',
        toml(
          '[crio.runtime]\ndefault_runtime = "crun"\nselinux = false\ndefault_capabilities = ["KILL"]\n[crio.runtime.runtimes.crun]\nruntime_path = "/usr/bin/crun"\n',
        ),
      ),
    ).toMatchObject({
      defaultRuntime: 'crun',
      selinux: false,
      capabilities: ['KILL'],
      runtimes: { crun: '/usr/bin/crun' },
    });
  });
});
