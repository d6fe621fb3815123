// SPDX-License-Identifier: Apache-2.0
// What is used of the YAML package, by name: imported as a whole it has other members in a bundle, being CommonJS.
export { isMap, isNode, isScalar, isSeq, LineCounter, parse, parseDocument } from 'yaml';
