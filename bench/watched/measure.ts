import { setTimeout as sleep } from 'node:timers/promises'
import { fastestTransport } from '../fill.ts'
import { interleave } from '../interleave.ts'
import type { Lab } from '../lab.ts'
import type { Outcome } from '../line.ts'
import { loadApi } from '../lines/edge.ts'
import { EVENTS_PER_CALL, makeMaterial } from '../material.ts'
import type { BenchOptions } from '../options.ts'
import { cpuMsOf, groupMembers } from '../proc.ts'
import { say } from '../say.ts'
import { median } from '../statistics.ts'
import { summarise } from '../summary.ts'
import { resultTable } from '../table.ts'
import { warmUp } from '../warm-up.ts'
import { write } from '../write.ts'
import { Collector } from './collector.ts'
import { Viewer } from './viewer.ts'

const TOKEN = 'token-of-the-operators-of-the-bench'
const EVENTS_A_CALL = [50, 1]
/** Around a full minute, when the canary sends: before it, and the time until its event is found and deleted. */
const BEFORE_MS = 5_000
const AFTER_MS = 15_000
const MINUTE_MS = 60_000
const LINES = ['nothing', 'one looks', 'traces of every call', 'traces of 1 of 100 calls'] as const

type Line = (typeof LINES)[number]
type Settings = Readonly<Record<string, string>>

/** What a live viewer and traces cost an API at the edge, interleaved, and what the canary costs a minute. */
export async function measureWatched(lab: Lab, options: BenchOptions): Promise<void> {
  const settings = { PULSAR_TRANSPORT: await fastestTransport(), PRIVATE_TOKEN: TOKEN }
  const collector = await Collector.start()
  const outcomes: Outcome[] = []
  await warmUp(lab, 'realistic', options.warmUpSeconds)
  for (const line of interleave(LINES, options.rounds)) {
    for (const events of EVENTS_A_CALL) {
      const outcome = await measured(lab, { ...settings, ...settingsOf(line, collector) }, line, events, options)
      say(`${outcome.name}: ${outcome.cpuMicrosPerEvent['api']?.toFixed(2)} µs an event`)
      outcomes.push(outcome)
    }
  }
  const { exports } = collector
  await collector.stop()
  const canary = await canaryMs(lab, settings, Math.ceil(options.rounds / 3))
  const summaries = summarise(outcomes)
  say(
    `\n${resultTable(summaries)}\n\nThe canary: ${canary.toFixed(0)} ms of CPU a minute; ${exports} exports of traces`,
  )
  const result = { node: process.version, canaryCpuMsAMinute: canary, exports, summaries, outcomes }
  write(options.results, 'watched.json', `${JSON.stringify(result, null, 2)}\n`)
}

function settingsOf(line: Line, { url }: Collector): Settings {
  if (line === 'nothing') return {}
  if (line === 'one looks') return { API_LIVE_EVENTS: 'on' }
  const traces = { OTEL_EXPORTER_OTLP_ENDPOINT: url }
  if (line === 'traces of every call') return traces
  return { ...traces, OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.01' }
}

async function measured(
  lab: Lab,
  settings: Settings,
  line: Line,
  events: number,
  { edgeSeconds }: BenchOptions,
): Promise<Outcome> {
  const calls = makeMaterial(lab, 'realistic', EVENTS_PER_CALL).edgeRequests(events)
  const name = `${line}, ${events} event${events === 1 ? '' : 's'} a call`
  const loaded = (during?: () => { stop(): Promise<void> }) => loadApi(lab, settings, name, calls, edgeSeconds, during)
  return line === 'one looks' ? loaded(() => new Viewer(`http://127.0.0.1:${lab.config.privatePort}`, TOKEN)) : loaded()
}

/** CPU of an idle API and its worker around a full minute, with the canary more than without: one event of it. */
async function canaryMs(lab: Lab, settings: Settings, rounds: number): Promise<number> {
  const url = `http://127.0.0.1:${lab.config.publicPort}`
  const spent: Record<'off' | 'on', number[]> = { off: [], on: [] }
  for (const state of interleave(['off', 'on'] as const, rounds)) {
    const programs = [
      await lab.start('api', { ...settings, ...(state === 'on' ? { CANARY_URL: url } : {}) }),
      await lab.start('worker', settings),
    ]
    // Not while programs start.
    await sleep(MINUTE_MS - (Date.now() % MINUTE_MS) - BEFORE_MS + (Date.now() % MINUTE_MS > 40_000 ? MINUTE_MS : 0))
    const cpuMs = () => programs.reduce((sum, { pid }) => sum + cpuMsOf(groupMembers(pid)), 0)
    const before = cpuMs()
    await sleep(BEFORE_MS + AFTER_MS)
    spent[state].push(cpuMs() - before)
    say(`idle with the canary ${state}: ${spent[state].at(-1)} ms`)
    for (const program of programs) await program.stop()
  }
  return median(spent.on) - median(spent.off)
}
