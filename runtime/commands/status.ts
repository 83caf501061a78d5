import type { Advice, PastAdvice, State } from '../console/state.ts'
import { balanceInWords, counted, rate } from '../telemetry/format.js'
import type { OperatorApi } from './operator.ts'
import { print, table } from './output.ts'

/** Lines of history; the console has all. */
const MOST_PAST = 5

const SEVERITIES = { act: 'ACT NOW', watch: 'WATCH', hint: 'HINT' } as const

/** What the console says first: what to do, and what became of the events. */
export async function status(api: OperatorApi, options: { readonly json?: boolean }): Promise<void> {
  const state = (await api.get('/console/state')) as State
  print(options.json ? JSON.stringify(state, null, 2) : statusLines(state).join('\n'))
}

/** The title with its code first, then each fact in a line of its own. */
function adviceLines({ code, severity, title, text, where, reason, sinceMs, commands }: Advice): readonly string[] {
  return [
    `${SEVERITIES[severity]} [${code}]: ${title}. ${text}`,
    `  where: ${where}, since ${new Date(sinceMs).toISOString()}`,
    ...(reason === undefined ? [] : [`  last reason: ${reason}`]),
    ...commands.map((command) => `  $ ${command}`),
  ]
}

function pastLine({ code, title, fromMs, untilMs }: PastAdvice): string {
  return `  ${new Date(fromMs).toISOString()} to ${new Date(untilMs).toISOString()} [${code}]: ${title}`
}

export function statusLines(state: State): readonly string[] {
  const { balance, advice, pastAdvice, queue, acceptedPerSecond, storedPerSecond } = state
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
    ...(advice.length === 0 ? ['Nothing to do.'] : advice.flatMap(adviceLines)),
    ...(pastAdvice.length === 0 ? [] : ['', 'Before:', ...pastAdvice.slice(0, MOST_PAST).map(pastLine)]),
    '',
    `Now: ${rate(acceptedPerSecond)} in, ${rate(storedPerSecond)} stored, backlog ${backlog}.`,
    `Since ${new Date(balance.sinceMs).toISOString()}: ${balanceInWords(balance)}.`,
    ...(rows.length === 0 ? [] : ['', table(header, rows)]),
  ]
}
