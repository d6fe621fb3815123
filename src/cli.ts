// SPDX-License-Identifier: Apache-2.0
// Entry point. Kept to what every invocation needs: a command brings its own imports.
import { main } from './cli/dispatch.ts';
import { asSecureError, printFailure } from './cli/failure.ts';

// Nothing may end a command with a stack trace; what gets here was thrown outside of it.
process.on('uncaughtException', (thrown) => process.exit(printFailure(asSecureError(thrown), false).exitCode));

process.exitCode = await main(process.argv.slice(2));
