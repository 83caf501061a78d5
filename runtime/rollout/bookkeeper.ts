import { bookieOutlook } from './bookkeeper-gate.ts'
import type { Servers } from './verdict.ts'
import type { Address } from './zookeeper.ts'
import { ZooKeeperReader } from './zookeeper-reader.ts'

const AVAILABLE = '/ledgers/available'
const READ_ONLY = 'readonly'
const UNDER_REPLICATED = '/ledgers/underreplication/ledgers'
/** Of a ledger that lacks a copy, in the tree that has the digits of its number as folders. */
const LEDGER = /^urL\d+$/
/** More are as bad. */
const MOST_COUNTED = 1000

/** The bookies, as ZooKeeper has them: brokers and autorecovery go by the same. */
export function bookieServers(zookeeper: Address, idOf: (pod: string) => string, ensemble: number): Servers {
  return {
    look: async (pods) => {
      const reader = await ZooKeeperReader.open(zookeeper)
      try {
        const writable = (await reader.children(AVAILABLE)).filter((name) => name !== READ_ONLY)
        const readOnly = await reader.children(`${AVAILABLE}/${READ_ONLY}`)
        const underReplicated = await countLedgers(reader, UNDER_REPLICATED)
        return bookieOutlook({ writable, readOnly, underReplicated }, { pods, idOf, ensemble })
      } finally {
        reader.close()
      }
    },
    prepare: async () => undefined,
    restore: async () => undefined,
    close: async () => undefined,
  }
}

async function countLedgers(reader: ZooKeeperReader, path: string): Promise<number> {
  let found = 0
  for (const name of await reader.children(path)) {
    if (found >= MOST_COUNTED) break
    found += LEDGER.test(name) ? 1 : await countLedgers(reader, `${path}/${name}`)
  }
  return found
}
