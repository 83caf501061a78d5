/** A limit that the sizes of a stack break, or come too close to. */
export interface Finding {
  readonly code: FindingCode
  /** `error`: the stack will fail or slow down at this load. `warning`: it costs more than it must, or bears less. */
  readonly level: 'error' | 'warning'
  /** What is the matter, with the numbers in it, and what to do. */
  readonly message: string
}

interface Code {
  readonly level: Finding['level']
  readonly meaning: string
}

/** Every code. */
export const FINDING_CODES = {
  shards_too_large: { level: 'error', meaning: 'A shard outgrows 50 GB at the end of its period.' },
  shards_too_small: { level: 'warning', meaning: 'Many shards stay below 10 GB: each costs memory for nothing.' },
  shard_limit: { level: 'error', meaning: 'An index needs more than the 1,024 shards that Elasticsearch allows.' },
  shards_per_node: {
    level: 'error',
    meaning: 'There are more than 1,000 shards a data node, and Elasticsearch makes no new index.',
  },
  retention_shorter_than_period: {
    level: 'warning',
    meaning: 'An index is deleted as a whole, so events stay for longer than asked, and the disks are paid for.',
  },
  retention_without_expiry: {
    level: 'warning',
    meaning: 'Events have a retention, and nothing deletes them: disks fill.',
  },
  expiry_too_slow: { level: 'error', meaning: 'More sessions or profiles expire a day than a night can delete.' },
  masters_too_small: { level: 'warning', meaning: 'The masters have too little memory for the shards and nodes.' },
  autoscaling_without_headroom: {
    level: 'warning',
    meaning: 'The maximum of a scaler is what the peak needs already.',
  },
  count_below_need: { level: 'warning', meaning: 'A stated count is less than the load needs.' },
  cpu_below_need: { level: 'warning', meaning: 'Stated CPU is less than the load needs.' },
  memory_below_need: { level: 'warning', meaning: 'Stated memory is less than the load needs.' },
  disk_below_need: { level: 'warning', meaning: 'A stated disk is less than the load needs.' },
  one_cluster: { level: 'warning', meaning: 'There are more than 100 data nodes: one cluster should not carry that.' },
  no_copies: { level: 'warning', meaning: 'A loss is to be survived, and there is one copy of each event only.' },
} as const satisfies Record<string, Code>

export type FindingCode = keyof typeof FINDING_CODES

export function found(code: FindingCode, message: string): Finding {
  return { code, level: FINDING_CODES[code].level, message }
}
