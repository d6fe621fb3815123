// SPDX-License-Identifier: Apache-2.0
// Services of a compose file, as checks see them.
export { composeSubjects, isCompose, type ReadFile, type ServiceFacts } from './compose/services.ts';
