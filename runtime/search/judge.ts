import { AppError, messageOf } from '../errors.ts'
import type { FaultyResult, ItemResult, SendBulk } from './bulk.ts'
import { isRefusedRequest, statusOf } from './classify.ts'
import { pairs } from './documents.ts'
import { faultOfSample, sampleLines, type Trial, trialLines, trialsOf, verdictOf } from './trial.ts'

/** Trials that are sent with one request, in bytes; one that is larger goes alone. */
const TRIALS_BYTES = 1_000_000
/** Requests of each kind before an operation is at fault that makes a request fail: several nodes or proxies may take them in turn. */
const REQUESTS_OF_A_KIND = 3
const LONGEST_REASON = 500

/** The lines make the request fail, and others in their place do not. */
export class LinesRefused extends AppError {
  /** The result of the only operation; `undefined` when there are several, of which halves find the one. */
  readonly result: FaultyResult | undefined

  constructor(cause: unknown, result?: FaultyResult) {
    super('search_unavailable', 'Elasticsearch refuses the lines of a request', { cause })
    this.name = 'LinesRefused'
    this.result = result
  }
}

/**
 * Distinguishes faults of documents from all other faults: the outcome is `rejected` only for a document that is refused where another
 * one would be stored. Costs nothing while nothing is refused.
 *
 * @throws LinesRefused when the lines make the request fail; otherwise what `send` throws, or what it throws for a sample.
 */
export function judgedSender(send: SendBulk): SendBulk {
  return async (lines) => {
    const results = await send(lines).catch((error: unknown) => judgeRequest(send, lines, error))
    return results.some(({ outcome }) => outcome === 'rejected') ? judgeItems(send, lines, results) : results
  }
}

async function judgeItems(
  send: SendBulk,
  lines: Buffer,
  results: readonly ItemResult[],
): Promise<readonly ItemResult[]> {
  const judged = [...results]
  const refused = [...pairs(lines)].flatMap((operation, position) => {
    const result = results[position]
    return result?.outcome === 'rejected' ? [{ position, result, trial: trialLines(operation) }] : []
  })
  for (const group of groupsOf(refused)) {
    const verdicts = await verdictsOn(send, group)
    group.forEach(({ position }, index) => {
      judged[position] = verdicts[index] as FaultyResult
    })
  }
  return judged
}

async function verdictsOn(send: SendBulk, group: readonly Refused[]): Promise<readonly FaultyResult[]> {
  try {
    const trials = trialsOf(await send(Buffer.concat(group.map(({ trial }) => trial))), group.length)
    return group.map(({ result }, index) => verdictOf(result, trials[index] as Trial))
  } catch (error) {
    const fault = { type: 'trial_failed', reason: reasonOf(error) }
    return group.map(() => ({ outcome: 'retry', status: statusOf(error), fault }))
  }
}

interface Refused {
  readonly position: number
  readonly result: FaultyResult
  readonly trial: Buffer
}

function groupsOf(refused: readonly Refused[]): readonly Refused[][] {
  const groups: Refused[][] = []
  let bytes = TRIALS_BYTES
  for (const one of refused) {
    bytes += one.trial.length
    if (bytes > TRIALS_BYTES) {
      groups.push([])
      bytes = one.trial.length
    }
    groups.at(-1)?.push(one)
  }
  return groups
}

/** @throws LinesRefused, or why a sample cannot be stored either. */
async function judgeRequest(send: SendBulk, lines: Buffer, error: unknown): Promise<never> {
  if (!isRefusedRequest(error)) throw error
  const [first, ...others] = pairs(lines)
  if (first === undefined) throw error
  const sample = sampleLines(first)
  await send(sample)
  throw others.length > 0
    ? new LinesRefused(error)
    : new LinesRefused(error, await judgeAlone(send, lines, sample, error))
}

/** The request of one operation was refused: it is at fault when it is refused each time, and the sample never. */
async function judgeAlone(send: SendBulk, lines: Buffer, sample: Buffer, error: unknown): Promise<FaultyResult> {
  const refusal = { status: statusOf(error), fault: { type: 'bulk_request_refused', reason: reasonOf(error) } }
  for (const body of [sample, lines, sample]) {
    for (let request = 0; request < REQUESTS_OF_A_KIND; request += 1) {
      const wait = body === sample ? await waitOfSample(send, sample) : await waitOfOperation(send, lines, refusal)
      if (wait !== undefined) return wait
    }
  }
  return { outcome: 'rejected', ...refusal }
}

async function waitOfSample(send: SendBulk, sample: Buffer): Promise<FaultyResult | undefined> {
  const [result] = await send(sample)
  return result && faultOfSample(result)
}

/** A request that is no longer refused may have stored the operation: a retry is then a duplicate. */
async function waitOfOperation(
  send: SendBulk,
  lines: Buffer,
  refusal: Omit<FaultyResult, 'outcome'>,
): Promise<FaultyResult | undefined> {
  try {
    await send(lines)
    return { outcome: 'retry', ...refusal }
  } catch (error) {
    if (isRefusedRequest(error)) return undefined
    throw error
  }
}

function reasonOf(error: unknown): string {
  return messageOf(error).slice(0, LONGEST_REASON)
}
