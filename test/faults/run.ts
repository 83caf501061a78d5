import { setTimeout as sleep } from 'node:timers/promises'
import type { SendReport } from '../../runtime/send/sender.ts'
import { cli } from '../contract/cli.ts'
import { eventually } from '../support/until.ts'
import { type AdviceRow, adviceFaults, adviceRows } from './advice-report.ts'
import { type Comparison, compare, notRefused, refusedWithoutReason } from './comparison.ts'
import type { Fault } from './fault.ts'
import type { Random } from './random.ts'
import { type Injection, type Row, rowsOf } from './report.ts'
import { holdSum } from './sum.ts'
import type { System } from './system.ts'

/** Maximum time of a fault beyond its duration, and of the recovery and of settling. */
const GIVE_UP_MS = 300_000

export interface FaultReport {
  readonly rows: readonly Row[]
  /** What the console said of each fault. */
  readonly advice: readonly AdviceRow[]
  readonly comparisons: ReadonlyMap<string, Comparison>
  /** What else was not as promised, and faults that could not be injected. */
  readonly violations: readonly string[]
  /** Advice that was wrong, late or missing. */
  readonly adviceFaults: readonly string[]
  readonly notes: readonly string[]
  /** Events that Elasticsearch refused permanently, and that were stored by a replay in the end. */
  readonly deadLetters: number
  /** Of the load; nothing when it did not end. */
  readonly load: Pick<SendReport, 'answers' | 'failed'> | undefined
  readonly peakRssMb: { readonly api: number; readonly worker: number }
  readonly seconds: number
}

/** Whether nothing was lost, nothing was stored twice, and nothing else went wrong. */
export function isWhole(report: Pick<FaultReport, 'comparisons' | 'violations' | 'adviceFaults'>): boolean {
  return (
    report.violations.length + report.adviceFaults.length === 0 &&
    [...report.comparisons.values()].every(({ lost, twice }) => lost.length + twice.length === 0)
  )
}

/**
 * Injects faults, one after the other under load, lets everything settle, and compares.
 *
 * @param isHeld whether a fault lasts until the console names it, and the next one waits until it no longer does.
 */
export async function runFaults(
  system: System,
  faults: Iterable<Fault>,
  random: Random,
  onInjection: (injection: Injection) => void = () => undefined,
  isHeld: (fault: Fault) => boolean = () => false,
): Promise<FaultReport> {
  const startedAt = performance.now()
  const injections: Injection[] = []
  const violations: string[] = []
  await system.recoveryMs()
  for (const fault of faults) {
    system.load.during(fault.name)
    // Some load with everything whole, so that the fault meets work under way.
    await sleep(random.between(500, 2000))
    const held = isHeld(fault)
    const limitMs = (fault.lastsMs ?? 0) + GIVE_UP_MS
    let recoveryMs: number | undefined
    await system.console.during(fault.name, held, async () => {
      try {
        await within(fault.inject(system, random), limitMs)
      } catch (error) {
        violations.push(`${fault.name}: ${(error as Error).message}`)
      }
      try {
        // What was published meanwhile is stored first.
        const recovered = await within(system.recoveryMs(), limitMs)
        system.api.assertAlive()
        system.worker.assertAlive()
        recoveryMs = recovered
      } catch (error) {
        violations.push(`${fault.name}, recovering: ${(error as Error).message}`)
      }
    })
    // What is broken already would be blamed on the next faults.
    if (recoveryMs === undefined) break
    if (held) await system.console.gone()
    const injection = { fault: fault.name, recoveryMs }
    injections.push(injection)
    onInjection(injection)
  }
  await system.console.close()
  const advice = adviceRows(system.console.shown, system.console.times)
  const load = await afterwards(violations, system.load.stop())
  const sum = await afterwards(violations, holdSum(system))
  violations.push(...(sum?.faults ?? []))
  const deadLetters = await afterwards(violations, settled(system, violations))
  const comparisons = compare(system.load.accepted, await system.stored())
  return {
    rows: rowsOf(injections, comparisons),
    comparisons,
    advice,
    violations,
    adviceFaults: adviceFaults(advice, system.console.times),
    notes: [...system.notes, ...(sum ? [`The sum at the end: ${sum.words}.`] : [])],
    deadLetters: deadLetters ?? 0,
    load: load && { answers: load.answers, failed: load.failed },
    peakRssMb: { api: system.api.peakRssMb, worker: system.worker.peakRssMb },
    seconds: (performance.now() - startedAt) / 1000,
  }
}

/** Waits until nothing is under way, and stores what was refused, as an operator does when the mapping is fixed. */
async function settled({ pipeline, load }: System, violations: string[]): Promise<number> {
  const drained = () => eventually(async () => (await pipeline.backlog()) === 0)
  await drained()
  const refused = await pipeline.deadLetters()
  const { output: letters } = await cli(pipeline.env, 'dead-letters', 'export', '-')
  for (const id of refusedWithoutReason(letters, load.refused)) violations.push(`dead-lettered without a reason: ${id}`)
  for (const id of notRefused(letters, load.refused))
    violations.push(`not dead-lettered although no index takes it: ${id}`)
  await pipeline.takeLongValues()
  await cli(pipeline.env, 'dead-letters', 'replay')
  await eventually(async () => (await pipeline.deadLetters()) === 0)
  await drained()
  return refused
}

/** The steps after the faults, also when one of them failed. */
async function afterwards<T>(violations: string[], what: Promise<T>): Promise<T | undefined> {
  try {
    return await within(what, GIVE_UP_MS)
  } catch (error) {
    violations.push(`settling: ${(error as Error).message}`)
    return undefined
  }
}

async function within<T>(what: Promise<T>, limitMs: number): Promise<T> {
  const over = new AbortController()
  const limit = sleep(limitMs, undefined, { signal: over.signal }).then(() => {
    throw new Error(`not done within ${limitMs / 1000} s`)
  })
  limit.catch(() => undefined)
  try {
    return await Promise.race([what, limit])
  } finally {
    over.abort()
  }
}
