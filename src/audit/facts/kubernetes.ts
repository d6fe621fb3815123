// SPDX-License-Identifier: Apache-2.0
// What makes pods in a file of manifests, as checks see it.
export { kubernetesSubjects, type PodContainer, type PodFacts } from './kubernetes/pods.ts';
