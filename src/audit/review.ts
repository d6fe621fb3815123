// SPDX-License-Identifier: Apache-2.0
// Rules of a policy as an audit reports its checks: the same tables, the same SARIF.

import type { EngineDecision } from '../policies/engines/config.ts';
import type { Rule, Source } from '../policies/index.ts';
import { answerOf } from '../policies/rules/answer.ts';
import type { Evaluator, Subject, Verdict } from '../policies/rules/evaluate.ts';
import type { AnyCheck, Audited, Verdict as AuditVerdict, Region, Result, Target } from './types.ts';
import {
  bundleUri,
  composeUri,
  containerUri,
  dockerfileUri,
  engineFileUri,
  engineUri,
  imageUri,
  manifestUri,
} from './uri.ts';

const TARGETS: Readonly<Record<Subject['target'], Target>> = {
  image: 'image',
  dockerfile: 'dockerfile',
  compose: 'compose',
  kubernetes: 'kubernetes',
  container: 'container',
  host: 'host',
  engine: 'engine',
  plan: 'container',
};
const checks = new WeakMap<Rule, AnyCheck>();

/** A rule as a check; one for each, since reports tell them apart by what they are. */
function checkOf(rule: Rule): AnyCheck {
  const known = checks.get(rule);
  if (known !== undefined) return known;
  const { id, severity, target, require, remediation, by } = rule;
  const check: AnyCheck = {
    ...{ id, severity, target: TARGETS[target], title: require.text, frameworks: [], references: [], examples: [] },
    rationale: `It is required by ${by.policy}:${by.line}.`,
    remediation: remediation ?? 'change it so that the rule holds, or ask its owner for an exception',
    check: () => ({ status: 'unknown', why: 'it is evaluated with its policy' }),
  };
  checks.set(rule, check);
  return check;
}

/** The line where it begins; the first one says nothing. */
const regionOf = (file: Subject['file']): { region?: Region } =>
  file === undefined || file.line === 1
    ? {}
    : {
        region: {
          startLine: file.line,
          startColumn: file.column ?? 1,
          endLine: file.line,
          endColumn: (file.column ?? 1) + 1,
        },
      };

function verdictOf(verdict: Verdict, { name, file }: Subject): AuditVerdict {
  const { decision, message, exception } = verdict;
  if (decision === 'pass') return { status: 'pass' };
  if (decision === 'not-applicable') return { status: 'not-applicable', why: 'the rule is about others' };
  if (decision === 'excepted')
    return {
      status: 'not-applicable',
      why: `excepted until ${exception?.expires} by ${exception?.owner}: ${exception?.reason}`,
    };
  const expired =
    exception === undefined ? '' : ` (the exception by ${exception.owner} expired on ${exception.expires})`;
  const said = answerOf(verdict) === 'warn' ? 'warning: ' : '';
  return {
    status: 'fail',
    problems: [
      {
        message: `${said}${message}${expired}`,
        location: { logical: file?.path ?? name, ...regionOf(file) },
        key: name,
      },
    ],
  };
}

function uriOf({ target, name, file }: Subject): string {
  if (file === undefined) {
    if (target === 'host') return 'host';
    if (target === 'engine') return engineUri(name);
    return target === 'image' ? imageUri(name) : containerUri(name);
  }
  const uri =
    { compose: composeUri, kubernetes: manifestUri, engine: engineFileUri, plan: bundleUri }[target as string] ??
    dockerfileUri;
  return uri(file.path);
}

/** What a policy says about an image beside its rules: by what may be pulled, and whose signature it must have. */
interface Admission {
  readonly status: 'pass' | 'fail' | 'unknown';
  readonly message: string;
  readonly by: Source;
}

const ADMISSION: AnyCheck = {
  ...{ id: 'images', severity: 'critical', target: 'image', frameworks: [], references: [], examples: [] },
  title: 'The policy accepts where the image is from, and whose signature it has',
  rationale: 'A run refuses it otherwise: the sections images and run.origins of the policy.',
  remediation: 'have it signed by whom the policy names, or name who signs it: images, with match and require',
  check: () => ({ status: 'unknown', why: 'it is decided with its policy' }),
};

function admissionResult({ status, message, by }: Admission, { name }: Subject): Result {
  const place = `${message} [${by.policy}:${by.line}]`;
  if (status === 'pass') return { check: ADMISSION, verdict: { status } };
  if (status === 'unknown') return { check: ADMISSION, verdict: { status, why: place } };
  return {
    check: ADMISSION,
    verdict: { status, problems: [{ message: place, location: { logical: name }, key: name }] },
  };
}

const ENGINES: AnyCheck = {
  ...{ id: 'engines', severity: 'critical', target: 'container', frameworks: [], references: [], examples: [] },
  title: 'secure-runtime takes it from an engine',
  rationale: 'Underneath an engine the policy refuses the container otherwise: docs/engines.md.',
  remediation: 'ask for less, or change the policy where it says so',
  check: () => ({ status: 'unknown', why: 'it is decided with its policy' }),
};

function engineResult({ refused }: EngineDecision, { name }: Subject): Result {
  if (refused.length === 0) return { check: ENGINES, verdict: { status: 'pass' } };
  const problems = refused.map(({ control, at, text }) => ({
    message: at === '' ? text : `${at}: ${text}`,
    location: { logical: name },
    key: `${control} ${at}`,
  }));
  return { check: ENGINES, verdict: { status: 'fail', problems } };
}

/** What comes of each rule about a subject, of an image's admission, and of a bundle underneath an engine. */
export function reviewed(
  evaluator: Evaluator,
  {
    subject,
    admission,
    engine,
  }: { readonly subject: Subject; readonly admission?: Admission; readonly engine?: EngineDecision | undefined },
): Audited {
  const results = evaluator.verdicts(subject).map((verdict): Result => {
    const result = { check: checkOf(verdict.rule), verdict: verdictOf(verdict, subject) };
    // One that cannot be evaluated refuses, whatever the rule is.
    const advisory = verdict.rule.enforcement === 'warn' && verdict.decision !== 'error';
    return advisory ? { ...result, advisory } : result;
  });
  const more = [
    ...(admission === undefined ? [] : [admissionResult(admission, subject)]),
    ...(engine === undefined ? [] : [engineResult(engine, subject)]),
  ];
  return { target: TARGETS[subject.target], name: subject.name, uri: uriOf(subject), results: [...more, ...results] };
}
