// SPDX-License-Identifier: Apache-2.0
// src/policies/validator.ts for dist/: the schema, compiled now.
import { Ajv2020 } from 'ajv/dist/2020.js';
import standalone from 'ajv/dist/standalone/index.js';
import policySchema from '../../schemas/policy.schema.json' with { type: 'json' };
import { VALIDATOR_OPTIONS } from '../../src/policies/validator.ts';

/** The module's text; it exports `validate`. */
export async function validatorModule(): Promise<string> {
  const ajv = new Ajv2020({ ...VALIDATOR_OPTIONS, code: { source: true, esm: true } });
  return standalone.default(ajv, ajv.compile(policySchema));
}
