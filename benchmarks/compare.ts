// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { available } from './available.ts';
import { type Bundle, makeBundle } from './bundle.ts';
import { compareLifecycles } from './lifecycle.ts';
import { type Contender, hyperfine, print } from './timing.ts';

const home = join(import.meta.dirname, '..');

interface Runner extends Contender {
  /** Whether it reads the command from config.json. */
  bundle: boolean;
  /** Program of a peer, which may be missing. */
  needs?: string;
}

function runtimes(bundle: Bundle, floor: string, command: readonly string[]): Runner[] {
  const at = (name: string) => join(bundle.directory, name);
  const all: Runner[] = [
    {
      name: 'floor (static C)',
      argv: [floor, 'run', bundle.rootfs, 'bench-floor', bundle.filter, ...command],
      bundle: false,
    },
    {
      name: 'secure-runtime run',
      argv: [join(home, 'build/release/secure-runtime'), 'run', '--bundle', bundle.directory, 'bench-secure'],
      bundle: true,
    },
    {
      name: 'crun run',
      needs: 'crun',
      argv: ['crun', '--root', at('crun'), 'run', '--bundle', bundle.directory, 'bench-crun'],
      bundle: true,
    },
    {
      name: 'runc run',
      needs: 'runc',
      argv: ['runc', '--root', at('runc'), 'run', '--bundle', bundle.directory, 'bench-runc'],
      bundle: true,
    },
    {
      name: 'bwrap (in made cgroups)',
      needs: 'bwrap',
      argv: [
        ...[floor, 'join', 'bench-bwrap', 'sh', '-c', 'exec 9<"$0"; exec bwrap "$@"', bundle.filter],
        ...['--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts', '--ro-bind', bundle.rootfs, '/'],
        ...['--proc', '/proc', '--dev', '/dev', '--cap-drop', 'ALL', '--seccomp', '9', '--', ...command],
      ],
      bundle: false,
    },
  ];
  return all.filter((c) => c.needs === undefined || available(c.needs));
}

/**
 * A comparison of unlike things says nothing: every contender must be in its own cgroups and under a filter. A peer that does
 * not run here at all is left out, and why is told.
 */
function equals(bundle: Bundle, contenders: readonly Runner[]): Runner[] {
  const probe = ['/bin/sh', '-c', 'grep Seccomp: /proc/self/status; cat /proc/self/cgroup'];
  bundle.command(probe);
  return contenders.filter((c) => {
    const argv = c.bundle ? c.argv : [...c.argv.slice(0, -1), ...probe];
    const result = spawnSync(argv[0] ?? '', argv.slice(1), { encoding: 'utf8' });
    const lines = result.stdout.split('\n').filter((line) => line !== '');
    const joined = lines.filter((line) => /^\d+:.*:\/.*bench-/.test(line)).length;
    const filtered = lines.some((line) => /^Seccomp:\s*2/.test(line));
    if (result.status !== 0 && c.needs !== undefined) {
      console.log(`  ${c.name.padEnd(26)} does not run here: ${result.stderr.trim()}`);
      return false;
    }
    if (result.status !== 0 || !filtered || joined === 0)
      throw new Error(`${c.name} is not comparable: ${result.stderr}${result.stdout}`);
    console.log(`  ${c.name.padEnd(26)} seccomp filter on, ${joined} hierarchies joined`);
    return true;
  });
}

/** KiB that the largest of a contender's processes has resident, that of the container (busybox) included. */
function comparePeaks(floor: string, contenders: readonly Runner[]): void {
  console.log('\nMemory, the largest process of each at its peak');
  for (const { name, argv } of contenders) {
    const { status, output } = spawnSync(floor, ['peak', ...argv], { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
    if (status !== 0) throw new Error(`${name} ended with ${status}`);
    console.log(`  ${name.padEnd(26)}${String(output[3]).padStart(8)} KiB`);
  }
}

/** The command line against podman, both cold: no daemon, no plan kept from an earlier run. */
function compareCommandLines(directory: string): void {
  const state = {
    ...process.env,
    SECURE_STATE_ROOT: join(directory, 'state'),
    SECURE_RUN_ROOT: join(directory, 'run'),
  };
  const secure = join(home, 'bin/secure');
  const tar = join(directory, 'rootfs.tar');
  execFileSync('tar', ['-C', join(directory, 'rootfs'), '-cf', tar, '.']);
  execFileSync(secure, ['image', 'import', tar, '--rootfs', '--name', 'localhost/bench'], {
    env: state,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const contenders: Contender[] = [
    {
      name: 'secure run',
      argv: [secure, 'run', '--rm', '--network', 'none', 'localhost/bench', '/bin/true'],
    },
  ];
  if (available('podman')) {
    const podman = [
      'podman',
      '--root',
      join(directory, 'podman'),
      '--runroot',
      join(directory, 'podman-run'),
      '--cgroup-manager',
      'cgroupfs',
      '--runtime',
      'crun',
    ];
    execFileSync(podman[0] ?? '', [...podman.slice(1), 'import', tar, 'localhost/bench'], { stdio: 'ignore' });
    contenders.push({
      name: 'podman run',
      argv: [
        ...podman,
        'run',
        '--rm',
        '--network',
        'none',
        '--ulimit',
        'nofile=1024:1024',
        '--ulimit',
        'nproc=1024:1024',
        'localhost/bench',
        '/bin/true',
      ],
    });
  }
  print('Command lines, cold, equal image and command', hyperfine(directory, contenders, state), 'secure run');
  if (available('podman'))
    spawnSync(
      'podman',
      ['--root', join(directory, 'podman'), '--runroot', join(directory, 'podman-run'), 'system', 'reset', '--force'],
      { stdio: 'ignore' },
    );
}

/** One bundle by every runtime, and with `all` what comes after a start, on standard output. Leaves nothing behind. */
export function compare(view: string, all: boolean): void {
  const directory = mkdtempSync(join(tmpdir(), 'secure-bench-'));
  try {
    const floor = join(directory, 'floor');
    execFileSync('cc', ['-O2', '-static', '-o', floor, join(import.meta.dirname, 'floor.c')]);
    const bundle = makeBundle(directory);
    const contenders = runtimes(bundle, floor, ['/bin/true']);
    console.log('Checked before timing:');
    const equal = equals(bundle, contenders);
    bundle.command(['/bin/true']);
    print(
      `Runtimes on one bundle, equal cgroups and filter, ${view}`,
      hyperfine(directory, equal),
      'secure-runtime run',
    );
    comparePeaks(floor, equal);
    if (!all) return;
    compareLifecycles(bundle);
    compareCommandLines(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
