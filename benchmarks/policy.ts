// SPDX-License-Identifier: Apache-2.0
// What rules cost: 500 of them over one image, in a process of its own and again in the same one, and 10,000 plans. From a bundle, as in dist/.
// Usage: policy.ts [PLANS]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { made } from '../scripts/bundle/made.ts';

const plans = Number(process.argv[2] ?? 10_000);
const root = join(import.meta.dirname, '..');
const directory = mkdtempSync(join(tmpdir(), 'secure-bench-policy-'));

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const rule = (i: number, target: string, text: string) => `  - {id: rule-${i}, target: ${target}, require: "${text}"}`;
const policyOf = (rules: readonly string[]) =>
  `apiVersion: secure/v1\nkind: Policy\nextends: [default]\nrules:\n${rules.join('\n')}\n`;
/** Each another one, so that nothing is parsed once for all. */
const IMAGE_RULES = Array.from({ length: 500 }, (_, i) =>
  rule(
    i,
    'image',
    `image.config.labels.all(name, name != 'x${i}') && image.ref().registry in ['docker.io', 'r${i}'] && size(image.layers) < ${i + 10}`,
  ),
);
const PLAN_RULES = [
  'plan.process.noNewPrivileges',
  "plan.process.capabilities.bounding.all(c, c in ['CAP_CHOWN', 'CAP_KILL', 'CAP_SETUID', 'CAP_SETGID', 'CAP_NET_BIND_SERVICE'])",
  "plan.mounts.all(m, !path.under(m.source, '/etc'))",
  "plan.linux.namespaces.exists(n, n.type == 'user')",
  'plan.linux.resources.memory.limit <= 1073741824',
];

const ENTRY = `
const { loadPolicy, fileIo } = await import('${root}/src/policies/index.ts');
const since = performance.now();
const policy = await loadPolicy(process.argv[2], fileIo([], '/'));
const loaded = performance.now();
const { Evaluator } = await import('${root}/src/policies/rules/evaluate.ts');
const evaluator = new Evaluator(policy.book, Date.now());
const [kind, count] = [process.argv[3], Number(process.argv[4])];
const image = { reference: 'docker.io/library/nginx:1.27', digest: 'sha256:x', origin: 'pulled', architecture: 'amd64', os: 'linux', signed: true,
  config: { user: 'nginx', env: { PATH: '/bin', A: 'b' }, entrypoint: ['/e'], cmd: ['nginx'], workingDir: '/', stopSignal: '', healthcheck: [], volumes: [], exposedPorts: ['80/tcp'], labels: { a: '1', b: '2', c: '3' } }, layers: ['a', 'b', 'c'] };
const plan = (i) => ({ process: { noNewPrivileges: true, capabilities: { bounding: ['CAP_CHOWN', 'CAP_KILL'] } }, mounts: Array.from({ length: 12 }, (_, j) => ({ destination: '/m' + j, source: '/srv/' + i, type: 'bind', options: ['ro', 'nosuid'] })),
  linux: { namespaces: [{ type: 'pid' }, { type: 'user' }], resources: { memory: { limit: 1000 + i } } } });
const subject = (i) => (kind === 'image' ? { target: 'image', name: image.reference, facts: image } : { target: 'plan', name: 'p', facts: plan(i) });
let first;
const times = [];
for (let i = 0; i < count; i += 1) {
  const start = performance.now();
  const verdicts = evaluator.verdicts(subject(i));
  if (verdicts.some(({ decision }) => decision !== 'pass')) throw new Error(JSON.stringify(verdicts.find(({ decision }) => decision !== 'pass')));
  first ??= performance.now() - loaded;
  times.push(performance.now() - start);
}
console.log(JSON.stringify({ load: loaded - since, first, times: times.slice(1), all: performance.now() - loaded }));
`;

interface Times {
  readonly load: number;
  readonly first: number;
  readonly times: readonly number[];
  readonly all: number;
}

try {
  writeFileSync(join(directory, 'entry.ts'), ENTRY);
  await build({
    entryPoints: [join(directory, 'entry.ts')],
    ...{
      bundle: true,
      platform: 'node',
      format: 'esm',
      splitting: true,
      minifySyntax: true,
      outdir: join(directory, 'out'),
      logLevel: 'error',
    },
    outExtension: { '.js': '.mjs' },
    plugins: [made],
    banner: { js: "import{createRequire as __r}from'node:module';const require=__r(import.meta.url);" },
    define: {
      'import.meta.dirname': JSON.stringify(join(root, 'src/policies')),
      'import.meta.url': JSON.stringify(`file://${root}/src/policies/builtin.ts`),
    },
  });
  const run = (rules: readonly string[], kind: string, count: number): Times => {
    const policy = join(directory, `${kind}.yaml`);
    writeFileSync(policy, policyOf(rules));
    return JSON.parse(
      execFileSync(process.execPath, [join(directory, 'out/entry.mjs'), policy, kind, String(count)], {
        encoding: 'utf8',
      }),
    ) as Times;
  };
  const images = Array.from({ length: 5 }, () => run(IMAGE_RULES, 'image', 20));
  const shown = (value: number) => `${value.toFixed(1)} ms`;
  console.log(`500 rules, reading and checking the policy:     ${shown(median(images.map(({ load }) => load)))}`);
  console.log(
    `500 rules over one image, with the evaluator's import: ${shown(median(images.map(({ first }) => first)))}  (goal 120 ms)`,
  );
  console.log(
    `500 rules over one image, again:                ${shown(median(images.flatMap(({ times }) => times)))}  (goal 20 ms)`,
  );
  const many = run(
    PLAN_RULES.map((text, i) => rule(i, 'plan', text)),
    'plan',
    plans,
  );
  console.log(
    `${plans} plans, ${PLAN_RULES.length} rules each, one processor: ${(many.all / 1000).toFixed(2)} s  (goal 10 s)`,
  );
} finally {
  rmSync(directory, { recursive: true, force: true });
}
