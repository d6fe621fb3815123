// SPDX-License-Identifier: Apache-2.0
// `scripts/node benchmarks/lab.ts [RUNS]`: run, exec, and create + start + delete beside crun on a machine with cgroup v2 alone and all of
// its controllers: a guest of test/lab. It is emulated, so only the ratios say something. Needs no root.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDisk } from '../test/lab/image.ts';
import { boot } from '../test/lab/machine.ts';
import { kernel } from '../test/lab/packages.ts';
import { makeBundle } from './bundle.ts';

const runs = Number(process.argv[2] ?? 40);
const cache = join(import.meta.dirname, '../build/lab-bench');
const directory = mkdtempSync(join(tmpdir(), 'secure-bench-lab-'));

/** In turns, so that what the host does beside them meets both. Times are in clock ticks of 10 ms over all runs. */
const script = `#!/bin/sh
ticks() { read -r up rest </proc/uptime; echo "\${up%.*}\${up#*.}"; }
one() {
  case $1 in
    run) "$2" run --bundle /bench/true "b$3" ;;
    exec) "$2" exec "held-$2" /bin/true ;;
    cycle) "$2" create --bundle /bench/sleep "b$3" </dev/null >/dev/null && "$2" start "b$3" && "$2" delete --force "b$3" ;;
  esac || echo "failed $1 $2"
}
for rt in secure-runtime crun; do
  "$rt" create --bundle /bench/sleep "held-$rt" </dev/null >/dev/null
  "$rt" start "held-$rt"
done
for what in run exec cycle; do
  ours=0 theirs=0
  for i in $(seq ${runs + 2}); do
    a=$(ticks); one "$what" secure-runtime "$i"; b=$(ticks); one "$what" crun "$i"; c=$(ticks)
    # The first two warm up.
    [ "$i" -gt 2 ] || continue
    ours=$((ours + b - a)) theirs=$((theirs + c - b))
  done
  echo "result $what $ours $theirs"
done
for rt in secure-runtime crun; do "$rt" delete --force "held-$rt"; done
`;

try {
  mkdirSync(cache, { recursive: true });
  const { image, modules } = kernel(cache);
  const bundle = makeBundle(directory);
  const disk = makeDisk(cache, { image, modules }, [], ['v2'], (staging) => {
    staging.putProgram('/usr/bin/crun', 'usr/bin/crun');
    for (const [name, argv] of Object.entries({ true: ['/bin/true'], sleep: ['/bin/sleep', '3600'] })) {
      bundle.command(argv);
      const to = join(staging.directory, 'bench', name);
      cpSync(bundle.directory, to, { recursive: true, verbatimSymlinks: true });
    }
    staging.write('lab/guest/run', script);
  });
  const { stream, trouble } = await boot(image, disk, 'v2', join(cache, 'console'));
  const failed = /^.*(?:failed|error).*$/m.exec(stream)?.[0];
  if (trouble !== undefined || failed !== undefined) throw new Error(trouble ?? failed);
  console.log(
    `cgroup v2, emulated, mean of ${runs} runs in turns${''.padEnd(6)}secure-runtime      crun     ours/crun`,
  );
  for (const [, what = '', ours, theirs] of stream.matchAll(/^result (\w+) (\d+) (\d+)/gm)) {
    const ms = (total: string | undefined) => ((Number(total) * 10) / runs).toFixed(0).padStart(10);
    console.log(
      `  ${what.padEnd(46)}${ms(ours)} ms${ms(theirs)} ms${(Number(ours) / Number(theirs)).toFixed(2).padStart(12)}`,
    );
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
