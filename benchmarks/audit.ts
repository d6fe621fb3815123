// SPDX-License-Identifier: Apache-2.0
// What an audit costs from a cold start of the program: the host, Debian's dockerd, two images and ten containers, beside docker-bench-security on the
// same machine when its directory is named; a thousand Dockerfiles; and a large image with its bill of materials and ten thousand advisories. Needs
// root, dockerd, and `make ts`.
// Usage: audit.ts [ROUNDS [DIRECTORY]]
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditedDocker } from '../test/support/audit-docker.ts';
import { makeImages } from './large-image.ts';
import { table } from './rounds.ts';

const rounds = Number(process.argv[2] ?? 5);
const peer = process.argv[3];
const CLI = join(import.meta.dirname, '../dist/cli.js');
/** Seconds, and mebibytes. */
const GOALS = { engine: 1, dockerfiles: 2, image: 3, memory: 250 };
if (!existsSync(CLI)) throw new Error("there is no dist/: run 'make ts' first");

/** The program says at its end how much memory it had at most, in KiB. */
const PEAK = `--import=data:text/javascript,${encodeURIComponent('process.on("exit",()=>process.stderr.write("\\npeak "+process.resourceUsage().maxRSS+"\\n"))')}`;

const seconds = new Map<string, number[]>();
let peak = 0;
async function timed(
  name: string,
  run: () => Promise<{ readonly stderr: string; readonly code: number }>,
): Promise<void> {
  const start = performance.now();
  const { stderr, code } = await run();
  const taken = (performance.now() - start) / 1000;
  // 1: something was found, which is what these are for.
  if (code > 1) throw new Error(`${name}: ${code} ${stderr.slice(-1000)}`);
  peak = Math.max(peak, Number(/^peak (\d+)$/m.exec(stderr)?.[1] ?? 0) / 1024);
  seconds.set(name, [...(seconds.get(name) ?? []), taken]);
}

/** As people write them: a builder, packages, a user, and something careless in each seventh. */
const dockerfile = (i: number): string => `FROM golang:1.2${i % 5}@sha256:${String(i).padStart(64, '0')} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN --mount=type=cache,target=/root/.cache CGO_ENABLED=0 go build -o /out/app-${i} ./cmd/app
FROM debian:12-slim@sha256:${String(i + 1).padStart(64, '0')}
RUN apt-get update \\
 && apt-get install -y --no-install-recommends ca-certificates tzdata \\
 && rm -rf /var/lib/apt/lists/*
${i % 7 === 0 ? 'RUN curl -k https://example.com/install.sh | sh' : 'ENV TZ=UTC'}
COPY --from=build --chown=10001:10001 /out/app-${i} /usr/bin/app
EXPOSE 8080
HEALTHCHECK CMD ["/usr/bin/app", "check"]
USER 10001:10001
ENTRYPOINT ["/usr/bin/app"]
`;

const advisory = (i: number): object => ({
  id: `DEBIAN-CVE-2026-${i}`,
  modified: '2026-11-01T00:00:00Z',
  affected: [
    {
      package: { ecosystem: 'Debian:12', name: i % 10 === 0 ? 'bash' : `source-${i % 3000}` },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: `5.${i % 7}-1` }] }],
    },
  ],
});

const docker = await AuditedDocker.start();
const directory = mkdtempSync(join(tmpdir(), 'secure-bench-'));
try {
  const { host } = docker.machine;
  const roots = {
    SECURE_STATE_ROOT: join(directory, 'state'),
    SECURE_RUN_ROOT: join(directory, 'run'),
    NODE_OPTIONS: PEAK,
  };
  const secure = (...args: readonly string[]) => host.run(process.execPath, ['--', CLI, 'audit', ...args], '', roots);
  const [ours, theirs] = ['secure audit all', 'docker-bench-security'];
  for (let i = 0; i < rounds; i++) await timed(ours, () => secure('all', '--json'));
  if (peer !== undefined) {
    await host.sh(`mkdir -p /run/peer; cp -a ${JSON.stringify(peer)}/. /run/peer/`);
    await timed(theirs, async () => {
      const run = host.spawn('bash', ['-c', 'cd /run/peer; exec bash docker-bench-security.sh -b -l log > out 2>&1'], {
        stdio: 'ignore',
      });
      return {
        code: await new Promise<number>((resolve) => run.once('close', (code) => resolve(code ?? 255))),
        stderr: '',
      };
    });
  }
  table(
    'the host, dockerd, two images and ten containers',
    [ours, ...(peer === undefined ? [] : [theirs])],
    seconds,
    rounds,
  );

  mkdirSync(join(directory, 'files'));
  const files = Array.from({ length: 1000 }, (_, i) => join(directory, 'files', `Dockerfile.${i}`));
  for (const [i, file] of files.entries()) writeFileSync(file, dockerfile(i));
  /** Without the network namespace of the engine. */
  const here = (...args: readonly string[]) =>
    new Promise<{ readonly stderr: string; readonly code: number }>((resolve) => {
      const options = { env: { ...process.env, ...roots }, maxBuffer: 1 << 28 };
      execFile(process.execPath, ['--', CLI, ...args], options, (error, _, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stderr }),
      );
    });
  const whole = 'secure audit dockerfile';
  for (let i = 0; i < rounds; i++) await timed(whole, () => here('audit', 'dockerfile', '--json', ...files));
  table('a thousand Dockerfiles', [whole], seconds, rounds);

  const { directory: layout } = makeImages(directory);
  execFileSync('skopeo', ['copy', '-q', `oci:${layout}:1`, `oci:${join(directory, 'one')}`]);
  mkdirSync(join(directory, 'advisories'));
  for (let i = 0; i < 10_000; i++)
    writeFileSync(join(directory, 'advisories', `${i}.json`), JSON.stringify(advisory(i)));
  for (const words of [
    ['image', 'import', join(directory, 'one'), '--name', 'large'],
    ['audit', 'db', 'import', join(directory, 'advisories')],
  ]) {
    const { code, stderr } = await here(...words);
    if (code !== 0) throw new Error(`${words.join(' ')}: ${stderr}`);
  }
  const [image, sbom] = ['secure audit image', 'secure image sbom'];
  for (let i = 0; i < rounds; i++) {
    await timed(image, () => here('audit', 'image', '--json', 'large'));
    // What was found in layers is kept; the first time is what counts.
    rmSync(join(roots.SECURE_STATE_ROOT, 'languages'), { recursive: true, force: true });
    await timed(sbom, () => here('image', 'sbom', 'large'));
  }
  table('an image of 300 MB', [image, sbom], seconds, rounds);
  console.log(
    `\nmemory at most: ${peak.toFixed(0)} MiB of ${GOALS.memory}; goals: ${GOALS.engine} s, ${GOALS.dockerfiles} s and, for the image with its SBOM, ${GOALS.image} s`,
  );
} finally {
  rmSync(directory, { recursive: true, force: true });
  await docker.stop();
}
