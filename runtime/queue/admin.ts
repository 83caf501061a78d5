import { type ClusterAdmin, clusterAdmin } from './admin-cluster.ts'
import { type AdminAccess, AdminHttp } from './admin-http.ts'
import { type PolicyAdmin, policyAdmin } from './admin-policies.ts'
import { type StatsAdmin, statsAdmin } from './admin-stats.ts'
import { type TopicAdmin, topicAdmin } from './admin-topics.ts'

/** The calls of Pulsar's admin API that the runtime needs. Every one throws AppError `queue_admin` when Pulsar does not answer. */
export interface PulsarAdmin extends ClusterAdmin, TopicAdmin, PolicyAdmin, StatsAdmin {
  close(): Promise<void>
}

export function pulsarAdmin(access: AdminAccess): PulsarAdmin {
  const http = new AdminHttp(access)
  return {
    ...clusterAdmin(http),
    ...topicAdmin(http),
    ...policyAdmin(http),
    ...statsAdmin(http),
    close: () => http.close(),
  }
}
