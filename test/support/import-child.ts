// SPDX-License-Identifier: Apache-2.0
// A process of its own for the tests of concurrency and sudden death: import argv[2] into SECURE_STATE_ROOT as argv[3].
import { importImage } from '../../src/runtime/images/import/import.ts';
import { ImageStore } from '../../src/runtime/images/store.ts';

const [, , path = '', name = ''] = process.argv;
const record = await importImage(await ImageStore.open(), path, { name });
process.stdout.write(record.digest);
