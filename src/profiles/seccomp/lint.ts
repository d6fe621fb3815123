// SPDX-License-Identifier: Apache-2.0
// What is wrong with a profile that came from elsewhere. Our own compiler masks narrow arguments whatever the
// profile says; other runtimes that load the same file do not.
import type { OciSeccomp, SeccompAction, SeccompArgument, SeccompRule } from './model.ts';
import { isNarrow, isSyscall } from './syscalls.ts';

export type SeccompFindingId =
  | 'wide-compare'
  | 'unknown-name'
  | 'repeated-argument'
  | 'shadowed-rule'
  | 'denies-everything'
  | 'allows-everything';

export interface SeccompFinding {
  readonly id: SeccompFindingId;
  /** `error`: the profile does not do what it says, or nothing can run. */
  readonly severity: 'error' | 'warning';
  /** JSON pointer into the profile. */
  readonly at: string;
  readonly message: string;
}

const PERMISSIVE: ReadonlySet<SeccompAction> = new Set([
  'SCMP_ACT_ALLOW',
  'SCMP_ACT_LOG',
  'SCMP_ACT_TRACE',
  'SCMP_ACT_NOTIFY',
]);
/** Without these no program starts and ends. */
const INDISPENSABLE = ['execve', 'exit_group'];

const conditionsOf = (rule: SeccompRule): readonly SeccompArgument[] => rule.args ?? [];

/** Setting a bit that the kernel ignores changes what a 64-bit comparison says: does that let the call through? */
function bypassable(rule: SeccompRule, { op, value }: SeccompArgument): boolean {
  const wideMask = op === 'SCMP_CMP_MASKED_EQ' && value > 0xffffffff;
  const passes = op === 'SCMP_CMP_NE' || op === 'SCMP_CMP_GT' || op === 'SCMP_CMP_GE';
  return PERMISSIVE.has(rule.action) ? passes : wideMask || !(passes || op === 'SCMP_CMP_MASKED_EQ');
}

function* lintConditions(rule: SeccompRule, at: string): Generator<SeccompFinding> {
  const seen = new Set<number>();
  for (const [position, argument] of conditionsOf(rule).entries()) {
    const { index, op, value } = argument;
    if (seen.has(index))
      yield {
        id: 'repeated-argument',
        severity: 'warning',
        at: `${at}/args/${position}`,
        message: `argument ${index} is compared twice: here both must hold, runc takes either`,
      };
    seen.add(index);
    if (op === 'SCMP_CMP_MASKED_EQ' && value <= 0xffffffff) continue;
    const narrow = rule.names.filter((name) => isNarrow(name, index));
    if (narrow.length === 0) continue;
    const open = bypassable(rule, argument);
    yield {
      id: 'wide-compare',
      severity: open ? 'error' : 'warning',
      at: `${at}/args/${position}`,
      message:
        `${narrow.join(', ')}: the kernel ignores the upper bits of argument ${index}, ${op} does not` +
        `${open ? ', so setting one passes the rule' : ''}; use SCMP_CMP_MASKED_EQ with mask 0xffffffff`,
    };
  }
}

/** Rules that never count beside an unconditional one for the same name; the first unconditional rule wins. */
function* lintShadowed(rules: readonly SeccompRule[], standard: SeccompAction): Generator<SeccompFinding> {
  const whole = new Map<string, number>();
  for (const [index, rule] of rules.entries())
    if (conditionsOf(rule).length === 0 && rule.action !== standard)
      for (const name of rule.names) if (!whole.has(name)) whole.set(name, index);
  for (const [index, rule] of rules.entries()) {
    const shadowed = rule.names.filter((name) => {
      const by = whole.get(name);
      return by !== undefined && by !== index && rules[by]?.action !== rule.action && rule.action !== standard;
    });
    if (shadowed.length > 0)
      yield {
        id: 'shadowed-rule',
        severity: PERMISSIVE.has(rule.action) ? 'warning' : 'error',
        at: `/syscalls/${index}`,
        message: `${shadowed.join(', ')}: a rule without conditions decides alone, this ${rule.action} never counts`,
      };
  }
}

function* lintWhole(profile: OciSeccomp): Generator<SeccompFinding> {
  if (PERMISSIVE.has(profile.defaultAction)) {
    if (profile.syscalls.every((rule) => PERMISSIVE.has(rule.action)))
      yield { id: 'allows-everything', severity: 'error', at: '/defaultAction', message: 'no call is refused' };
    return;
  }
  const missing = INDISPENSABLE.filter(
    (name) => !profile.syscalls.some((rule) => PERMISSIVE.has(rule.action) && rule.names.includes(name)),
  );
  if (missing.length > 0)
    yield {
      id: 'denies-everything',
      severity: 'error',
      at: '/syscalls',
      message: `${missing.join(' and ')} not allowed: no program can run`,
    };
}

/** Findings in the order of the profile; empty: nothing to say. Pure. */
export function lintSeccomp(profile: OciSeccomp): SeccompFinding[] {
  const findings = [...lintWhole(profile)];
  for (const [index, rule] of profile.syscalls.entries()) {
    const at = `/syscalls/${index}`;
    for (const [position, name] of rule.names.entries())
      if (!isSyscall(name))
        findings.push({
          id: 'unknown-name',
          severity: PERMISSIVE.has(rule.action) ? 'warning' : 'error',
          at: `${at}/names/${position}`,
          message: `no call of x86_64, i386, aarch64 or arm is called '${name}'`,
        });
    findings.push(...lintConditions(rule, at));
  }
  return [...findings, ...lintShadowed(profile.syscalls, profile.defaultAction)];
}
