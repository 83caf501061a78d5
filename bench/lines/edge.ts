import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../runtime/local/ports.ts'
import type { Lab } from '../lab.ts'
import type { Outcome } from '../line.ts'
import { Load, type Prepared } from '../load/load.ts'
import type { Material } from '../material.ts'
import { outcomeOf } from '../outcome.ts'
import { Sampler, type Watched } from '../sampler.ts'
import { pulsarOf } from './elasticsearch-alone.ts'

const EDGE_EVENTS_PER_CALL = [1, 20, 50, 100]
const WARM_UP_MS = 2000

/** Calls of 1, 20, 50 and 100 events to the API, answered after the receipt; and the same to bare Fastify. No worker runs. */
export async function edge(
  lab: Lab,
  settings: Readonly<Record<string, string>>,
  material: Material,
  seconds: number,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const eventsPerCall of EDGE_EVENTS_PER_CALL) {
    const calls = material.edgeRequests(eventsPerCall)
    const events = `${eventsPerCall} event${eventsPerCall === 1 ? '' : 's'} a call`
    outcomes.push(await loadApi(lab, settings, `edge, ${events}`, calls, seconds))
    const port = await freePort()
    const fastify = await lab.startOwn('bare-fastify', [], port)
    const watched = [{ name: 'fastify', group: fastify.pid }]
    outcomes.push(await underLoad(`bare Fastify, ${events}`, port, calls, watched, seconds))
    await fastify.stop()
  }
  return outcomes
}

/**
 * Loads an API of its own as fast as it answers; what it has published is forgotten afterwards.
 *
 * @param during starts what continues during the load. @default nothing
 */
export async function loadApi(
  lab: Lab,
  settings: Readonly<Record<string, string>>,
  name: string,
  calls: readonly Prepared[],
  seconds: number,
  during?: () => { stop(): Promise<void> },
): Promise<Outcome> {
  const api = await lab.start('api', settings)
  const watched = [{ name: 'api', group: api.pid }, pulsarOf(lab)]
  const running = during?.()
  const outcome = await underLoad(name, lab.config.publicPort, calls, watched, seconds)
  await running?.stop()
  await api.stop()
  await lab.emptyTopic()
  return outcome
}

async function underLoad(
  name: string,
  port: number,
  calls: readonly Prepared[],
  watched: readonly Watched[],
  seconds: number,
): Promise<Outcome> {
  const load = await Load.open(port)
  const sampler = new Sampler(() => load.answered, watched)
  let stopped = false
  const sending = load.sendUntil(calls, () => stopped)
  const sampling = async (): Promise<void> => {
    await sleep(WARM_UP_MS)
    await sampler.take()
    await sleep(seconds * 1000)
    await sampler.take()
    stopped = true
  }
  await Promise.all([sending, sampling()])
  load.close()
  const [first, last] = sampler.samples as [(typeof sampler.samples)[number], (typeof sampler.samples)[number]]
  return outcomeOf(name, sampler.samples, { from: first.events, to: last.events })
}
