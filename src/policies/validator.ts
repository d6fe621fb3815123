// SPDX-License-Identifier: Apache-2.0
// The compiled schema of policy files. Ajv takes 100 ms of processor time to compile it, and evaluates what it wrote;
// in dist/ this module is therefore the compiled code itself (scripts/bundle/validator.ts).
import { Ajv2020 } from 'ajv/dist/2020.js';
import policySchema from '../../schemas/policy.schema.json' with { type: 'json' };

/** Verbose, for `parentSchema`; all errors, since nobody wants to hear of them one by one. */
export const VALIDATOR_OPTIONS = { allErrors: true, verbose: true, allowUnionTypes: true } as const;

/** True for a value of the right form, else the violations are in its `errors`. */
export const validate = new Ajv2020(VALIDATOR_OPTIONS).compile(policySchema);
