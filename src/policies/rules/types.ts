// SPDX-License-Identifier: Apache-2.0
// Rules: what must be true of the facts, who may be excepted, and how they are tested.
import type { Source } from '../types.ts';

export const TARGETS = ['image', 'dockerfile', 'compose', 'kubernetes', 'container', 'host', 'engine', 'plan'] as const;
export type Target = (typeof TARGETS)[number];
export const SEVERITIES = ['critical', 'high', 'medium', 'low'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Where a part of a text stands in its file: from `offset` on, until the next one. */
export interface Segment {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

export interface Expression {
  readonly text: string;
  readonly policy: string;
  readonly segments: readonly Segment[];
}

export interface Rule {
  readonly id: string;
  readonly target: Target;
  readonly severity: Severity;
  readonly enforcement: 'deny' | 'warn';
  /** Patterns of names; empty: all of them. */
  readonly match: readonly string[];
  /** Undefined: always. */
  readonly when?: Expression;
  readonly require: Expression;
  /** Texts and, between them, expressions. */
  readonly message: readonly (string | Expression)[];
  readonly remediation?: string;
  /** Whether there may be exceptions. */
  readonly exceptions: boolean;
  readonly by: Source;
}

export interface Exception {
  readonly rule: string;
  readonly match: readonly string[];
  readonly owner: string;
  readonly reason: string;
  /** The last day that it holds, `2027-01-31`, UTC. */
  readonly expires: string;
  readonly by: Source;
}

export type ParameterValue = string | number | boolean | readonly string[];

export interface Parameter {
  readonly value: ParameterValue;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly allowed?: readonly (string | number | boolean)[];
  /** Where it is declared. */
  readonly by: Source;
  /** Where its value was set; undefined: it is the default. */
  readonly setBy?: Source;
}

export interface PolicyTest {
  readonly name: string;
  readonly now?: string;
  /** Facts, of which what is left out is as of nothing; or the path of a file with what the rules are about, absolute once the policy is loaded. */
  readonly input:
    | { readonly target: Target; readonly facts: Readonly<Record<string, unknown>> }
    | { readonly file: string };
  readonly expect: {
    readonly deny: readonly string[];
    readonly warn: readonly string[];
    readonly excepted: readonly string[];
  };
  readonly by: Source;
}

/** What a file, or a file with all that it extends, says about rules. */
export interface RuleBook {
  readonly rules: readonly Rule[];
  readonly exceptions: readonly Exception[];
  readonly parameters: Readonly<Record<string, Parameter>>;
  /** Not there: 90. */
  readonly exceptionDays?: number;
}

/** Days that an exception may be ahead where no policy says otherwise. */
export const EXCEPTION_DAYS = 90;
export const EMPTY_BOOK: RuleBook = { rules: [], exceptions: [], parameters: {} };
