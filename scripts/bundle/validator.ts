// SPDX-License-Identifier: Apache-2.0
// Validators for dist/: their schemas, compiled now.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import standalone from 'ajv/dist/standalone/index.js';
import { VALIDATOR_OPTIONS } from '../../src/policies/validator.ts';

/** The text of a module that exports `validate` for schemas/NAME.schema.json. */
export async function validatorModule(name: string): Promise<string> {
  const text = await readFile(join(import.meta.dirname, `../../schemas/${name}.schema.json`), 'utf8');
  const ajv = new Ajv2020({ ...VALIDATOR_OPTIONS, code: { source: true, esm: true } });
  return standalone.default(ajv, ajv.compile(JSON.parse(text)));
}
