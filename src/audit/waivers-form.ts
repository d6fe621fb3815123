// SPDX-License-Identifier: Apache-2.0
// The compiled schema of waivers. For dist/ it is compiled at build time (scripts/bundle/made.ts).
import { Ajv2020 } from 'ajv/dist/2020.js';
import waiversSchema from '../../schemas/waivers.schema.json' with { type: 'json' };
import { VALIDATOR_OPTIONS } from '../policies/validator.ts';

export const validate = new Ajv2020(VALIDATOR_OPTIONS).compile(waiversSchema);
