import type { Client } from '@elastic/elasticsearch'
import type { SharedConfig } from '../config.ts'
import type { Logger } from '../log.ts'
import { bulkSender, type SendBulk, shardWaitMs } from './bulk.ts'
import { conflictFinder, type FindConflicts } from './conflicts.ts'
import { erasingSender } from './erased.ts'
import { Erasures } from './erasures.ts'
import { IndexKeeper } from './index-keeper.ts'
import { judgedSender } from './judge.ts'
import { type LineGuard, lineGuard } from './line-guard.ts'
import { ShardMap } from './shard-map.ts'

/** What a worker needs to store lines in Elasticsearch. */
export interface Storing {
  readonly keeper: IndexKeeper
  readonly shards: ShardMap
  /** Creates an index before its first use, and distinguishes faults of documents from those of the cluster. */
  readonly sendBulk: SendBulk
  readonly findConflicts: FindConflicts
  readonly guard: LineGuard
}

/** @param onMade called with each index that this process has created. */
export function storingIn(client: Client, config: SharedConfig, log: Logger, onMade: (index: string) => void): Storing {
  const keeper = new IndexKeeper({
    client,
    config,
    sendBulk: bulkSender(client, shardWaitMs(config)),
    onMade,
    nowMs: Date.now,
  })
  return {
    keeper,
    shards: new ShardMap({ client, ensure: keeper.ensure, log, nowMs: Date.now }),
    sendBulk: judgedSender(
      erasingSender(keeper.sendBulk, new Erasures(client, config, () => performance.now()), config),
    ),
    findConflicts: conflictFinder(client),
    guard: lineGuard(config),
  }
}
