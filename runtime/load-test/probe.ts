import { Agent } from 'undici'
import { v7 as uuidV7 } from 'uuid'
import { AppError } from '../errors.ts'
import type { PulsarAdmin } from '../queue/admin.ts'
import type { KeptLedgers } from '../queue/admin-stats.ts'
import { partitionsOf } from '../queue/kept.ts'
import { comparePositions, type Position } from '../queue/position.ts'
import { deliver } from '../sdk/deliver.ts'
import { deliveryFor } from '../send/sender.ts'
import type { RunKey } from './comparison.ts'

export interface Probe {
  readonly run: RunKey
  /** Public listener. */
  readonly target: string
  readonly source: string
  readonly topic: string
  /** Of the Pulsar that the load test reads, for the text. */
  readonly pulsarApi: string
}

/** How long the call of the probe is retried while the API refuses it for the moment. */
const RETRY_MS = 10_000

/** The mark of the event of the probe, which no comparison counts. */
export function probeMark(run: RunKey): string {
  return `${run}-probe`
}

/**
 * Sends one event, and looks for it in Pulsar. A 200 means that it is durable, so Pulsar has it at the time of the answer, or never.
 *
 * @throws AppError `targets_differ` when it got a 200 and is not in this Pulsar: the load would go to another pipeline.
 * @throws AppError `api_refused` when it got no 200.
 */
export async function probe(admin: PulsarAdmin, { run, target, source, topic, pulsarApi }: Probe): Promise<void> {
  const partitions = await partitionsOf(admin, topic)
  const before = await ledgersOf(admin, partitions)
  const id = uuidV7()
  await sendProbe(target, {
    source: { id: source },
    options: { saveSession: false, saveProfile: false },
    events: [{ id, type: 'load-test-probe', properties: { loadTest: probeMark(run) } }],
  })
  const after = await ledgersOf(admin, partitions)
  for (const partition of partitions) {
    const [from, to] = [before.get(partition), after.get(partition)]
    if (from === undefined || to === undefined) continue
    for (const position of added(from.last, to)) {
      if ((await admin.entryAt(partition, position))?.includes(id)) return
    }
  }
  throw new AppError(
    'targets_differ',
    `${target} answered 200 to an event that did not arrive in the Pulsar at ${pulsarApi} (${topic}): they belong to different pipelines. No load was sent`,
  )
}

async function sendProbe(target: string, call: object): Promise<void> {
  const agent = new Agent()
  try {
    const { kind, status, text } = await deliver(
      agent,
      `${target}/track`,
      JSON.stringify(call),
      deliveryFor({ retryForMs: RETRY_MS }),
    )
    if (kind !== 'stored') throw new AppError('api_refused', `${target} does not take the probe: ${status} ${text}`)
  } finally {
    await agent.close()
  }
}

async function ledgersOf(admin: PulsarAdmin, partitions: readonly string[]): Promise<ReadonlyMap<string, KeptLedgers>> {
  return new Map(
    await Promise.all(
      partitions.map(async (name): Promise<[string, KeptLedgers]> => [name, await admin.keptLedgers(name)]),
    ),
  )
}

/** The positions behind `last`, in the order in which they were written. */
export function added(last: Position, { ledgers, last: end }: KeptLedgers): readonly Position[] {
  return ledgers
    .filter(({ id }) => id >= last.ledger)
    .flatMap(({ id, entries }) => Array.from({ length: entries }, (_, entry) => ({ ledger: id, entry })))
    .filter((position) => comparePositions(position, last) > 0 && comparePositions(position, end) <= 0)
}
