import { connect } from 'node:net'
import type { Servers } from './verdict.ts'
import type { ZooKeeperFacts, ZooKeeperNode } from './zookeeper-gate.ts'
import { zookeeperOutlook } from './zookeeper-gate.ts'

const TIMEOUT_MS = 5000

export interface Address {
  readonly host: string
  readonly port: number
}

/** @param addressOf where a pod serves clients. */
export function zookeeperServers(addressOf: (pod: string) => Address): Servers {
  return {
    look: async (pods) => {
      const nodes = pods.map(async (pod) => [pod, nodeOf(await monitored(addressOf(pod)))] as const)
      const facts: ZooKeeperFacts = new Map(await Promise.all(nodes))
      return zookeeperOutlook(facts, pods)
    },
    prepare: async () => undefined,
    restore: async () => undefined,
    close: async () => undefined,
  }
}

/** The answer to `mntr`: lines of name, tab, value. A node that serves nobody says so in a sentence. */
export function nodeOf(text: string): ZooKeeperNode | undefined {
  const value = (name: string) => new RegExp(`^${name}\t(.*)$`, 'm').exec(text)?.[1]
  const state = value('zk_server_state')
  if (state === undefined) return undefined
  const synced = value('zk_synced_followers')
  return { state, ...(synced === undefined ? {} : { syncedFollowers: Number(synced) }) }
}

/** Empty when the node does not answer. */
function monitored({ host, port }: Address): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect({ host, port, timeout: TIMEOUT_MS }, () => socket.write('mntr'))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('timeout', () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')))
  })
}
