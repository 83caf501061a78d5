import * as k8s from '@pulumi/kubernetes'
import type { CustomResourceOptions, Resource } from '@pulumi/pulumi'
import { labelsOf } from './labels.ts'
import type { Site } from './site.ts'

/** The ServiceAccount of a Job that asks the API server, and what it may do, in its namespace only. All have the name of the Job. */
export function jobRights(
  site: Site,
  name: string,
  rules: readonly k8s.types.input.rbac.v1.PolicyRule[],
  opts: CustomResourceOptions,
): readonly Resource[] {
  const metadata = { name, namespace: site.namespace, labels: labelsOf(site, 'set-up') }
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name }
  const subjects = [{ kind: 'ServiceAccount', name, namespace: site.namespace }]
  return [
    new k8s.core.v1.ServiceAccount(name, { metadata, automountServiceAccountToken: false }, opts),
    new k8s.rbac.v1.Role(name, { metadata, rules: [...rules] }, opts),
    new k8s.rbac.v1.RoleBinding(name, { metadata, roleRef, subjects }, opts),
  ]
}
