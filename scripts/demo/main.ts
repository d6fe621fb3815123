// SPDX-License-Identifier: Apache-2.0
// `make run`: nginx from Debian packages, hardened, attacked, audited. The image stays in build/demo, so that the next
// time is quick; everything else is gone afterwards.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { table } from '../../src/cli/table.ts';
import { type Attempt, attackNumbers, judge } from './attacks.ts';
import { greeting, listen } from './peers.ts';
import { Secure } from './secure.ts';

const root = join(import.meta.dirname, '../..');
const build = join(root, 'build/demo');
const out = join(root, 'out');

interface Planned {
  readonly linux: { readonly seccomp: unknown };
  readonly secure: {
    readonly network: { readonly address4: string; readonly ports: readonly { readonly hostPort: number }[] };
  };
}

async function image(secure: Secure): Promise<void> {
  const { images: present } = await secure.json<{ images: { reference: string }[] }>(['image', 'ls']);
  if (present.some(({ reference }) => reference === 'localhost/nginx:latest')) return;
  await secure.show('image', 'debian', 'nginx-light', '--name', 'nginx');
}

function inspected(secure: Secure, name: string): Promise<{ container: { pid: number }; plan: Planned }> {
  return secure.json(['inspect', name]);
}

/** A port that is in use must not end the demonstration: any free one will do then. */
async function serve(secure: Secure): Promise<string> {
  const args = (port: string) => [
    'run',
    '-d',
    '--profile',
    'strict',
    '--name',
    'web',
    '-p',
    `127.0.0.1:${port}:80`,
    'nginx',
  ];
  try {
    await secure.show(...args('8080'));
  } catch (error) {
    if (!String(error).includes('PORT_IN_USE')) throw error;
    console.log('port 8080 is in use here; taking a free one');
    await secure.show(...args(''));
  }
  const [port] = (await inspected(secure, 'web')).plan.secure.network.ports;
  return `http://127.0.0.1:${port?.hostPort}/`;
}

async function attack(secure: Secure): Promise<Attempt[]> {
  const program = readFileSync(join(import.meta.dirname, 'neighbour.pl'), 'utf8');
  console.log('\n$ secure run -d --name neighbour nginx perl -e …');
  await secure.output(['run', '-d', '--name', 'neighbour', 'nginx', 'perl', '-e', program]);
  const { container, plan } = await inspected(secure, 'neighbour');
  const { address4 } = plan.secure.network;
  // Refused from inside means nothing unless there is somebody to be reached.
  await listen(address4, 8000);
  console.log(`the second container answers the host on ${address4}:8000, by TCP and UDP`);
  const { ptrace, mount } = attackNumbers();
  const script = join(import.meta.dirname, 'attacks.pl');
  const words = ['exec', '-i', 'web', 'perl', '-', String(container.pid), address4, String(ptrace), String(mount)];
  console.log('\n$ secure exec -i web perl - < attacks.pl');
  return judge(await secure.output(words, script), (await inspected(secure, 'web')).plan.linux.seccomp);
}

async function demonstrate(secure: Secure): Promise<boolean> {
  await image(secure);
  const url = await serve(secure);
  console.log(`\n$ curl ${url}\n${await greeting(url)}`);
  await secure.show('inspect', '--enforced', 'web');
  const attempts = await attack(secure);
  console.log(
    table(attempts, [
      { title: 'ATTEMPT FROM INSIDE', value: ({ what }) => what },
      { title: 'ANSWER', value: ({ result }) => result },
      { title: 'STOPPED BY', value: ({ layer }) => layer ?? 'NOTHING KNOWN' },
    ]),
  );
  mkdirSync(out, { recursive: true });
  const reports = ['--output', join(out, 'report.sarif'), '--output', join(out, 'report.html')];
  await secure.show('audit', 'all', '--image', 'nginx', '--container', 'web', '--fail-on', 'none', ...reports);
  return attempts.every(({ layer }) => layer !== undefined);
}

if (process.geteuid?.() !== 0) {
  console.error('make run: containers need root in this version: sudo make run');
  process.exit(1);
}
mkdirSync(build, { recursive: true });
const run = mkdtempSync(join(tmpdir(), 'secure-demo-'));
const secure = new Secure(join(build, 'state'), run);
let ended: NodeJS.Signals | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    ended = signal;
    secure.interrupt();
  });
try {
  // A demonstration that was killed may have left its containers.
  await secure.output(['rm', '--force', 'web', 'neighbour']).catch(() => {});
  if (!(await demonstrate(secure))) process.exitCode = 1;
} catch (error) {
  process.exitCode = 1;
  if (ended === undefined) console.error(String(error instanceof Error ? error.message : error));
} finally {
  await secure.output(['rm', '--force', 'web', 'neighbour']).catch((error: unknown) => console.error(String(error)));
  await secure.output(['system', 'prune']).catch(() => {});
  rmSync(run, { recursive: true, force: true });
}
if (ended !== undefined) process.exitCode = 130;
else if (process.exitCode === undefined)
  console.log('\nAll of it was removed again. Reports: out/report.html and out/report.sarif');
