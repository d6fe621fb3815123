// SPDX-License-Identifier: Apache-2.0
// An imported policy as the text of a file, which is held against the schema before anybody gets it.
import { stringify } from 'yaml';
import { readPolicy } from '../file.ts';
import { PolicyProblems, problemError } from '../problems.ts';
import type { Imported } from './types.ts';

/**
 * @param from what it was made of, for its first line
 * @throws SecureError POLICY_INVALID where the original has more in it than a policy may have
 */
export async function policyText({ policy }: Imported, from: string): Promise<string> {
  // A line break in a name would end the comment.
  const text = `# Made of ${JSON.stringify(from)} by secure policy import.\n${stringify(policy, { lineWidth: 0 })}`;
  try {
    await readPolicy(text, 'the imported policy');
  } catch (error) {
    if (error instanceof PolicyProblems) throw problemError(error.problems, error.lines);
    throw error;
  }
  return text;
}
