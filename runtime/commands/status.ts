import type { State } from '../console/state.ts'
import { balanceInWords, counted, rate } from '../telemetry/format.js'
import type { OperatorApi } from './operator.ts'
import { print, table } from './output.ts'

const SEVERITIES = { act: 'ACT NOW', watch: 'WATCH', hint: 'HINT' } as const

/** What the console says first: what to do, and what became of the events. */
export async function status(api: OperatorApi, options: { readonly json?: boolean }): Promise<void> {
  const state = (await api.get('/console/state')) as State
  print(options.json ? JSON.stringify(state, null, 2) : statusLines(state).join('\n'))
}

export function statusLines(state: State): readonly string[] {
  const { balance, advice, queue, acceptedPerSecond, storedPerSecond } = state
  const backlog = queue.messages === null ? 'unknown' : counted(queue.messages, 'message')
  const rows = balance.sources.map((one) => [
    one.source,
    one.in,
    one.storedOrWaiting,
    one.duplicates,
    one.conflicts,
    one.deadLetters,
    one.erased,
    one.notStored,
  ])
  const header = [
    'source',
    'in',
    'stored or waiting',
    'duplicates',
    'conflicts',
    'dead letters',
    'erased',
    'not to be stored',
  ]
  return [
    ...(advice.length === 0
      ? ['Nothing to do.']
      : advice.map((one) => `${SEVERITIES[one.severity]}: ${one.title}. ${one.text}`)),
    '',
    `Now: ${rate(acceptedPerSecond)} in, ${rate(storedPerSecond)} stored, backlog ${backlog}.`,
    `Since ${new Date(balance.sinceMs).toISOString()}: ${balanceInWords(balance)}.`,
    ...(rows.length === 0 ? [] : ['', table(header, rows)]),
  ]
}
