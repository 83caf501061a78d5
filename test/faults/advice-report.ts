import { ALWAYS_ALLOWED, type ExpectedAdvice } from './expected-advice.ts'

/** How long an advice may be shown after the end of its cause. */
const GONE_WITHIN_MS = 30_000

/** What the console showed at one moment. */
export interface Shown {
  readonly atMs: number
  readonly advice: readonly ShownAdvice[]
}

export interface ShownAdvice {
  readonly code: string
  /** Its text, where, and the last reason. */
  readonly text: string
}

/** One fault, from its injection until everything worked again. */
export interface FaultTime {
  readonly fault: string
  readonly expected: ExpectedAdvice
  readonly beganMs: number
  readonly endedMs: number
  /** Whether it lasted until its advice was shown. Others may be over before. */
  readonly isHeld: boolean
}

export interface AdviceRow {
  readonly fault: string
  /** The first of the expected ones that was shown. */
  readonly advice: string | undefined
  readonly shownAfterMs: number | undefined
  /** From the end of the fault; 0 when it was gone before. */
  readonly goneAfterMs: number | undefined
  /** What nothing explains, and expected advice that stayed too long: of each code the first one. */
  readonly wrong: readonly ShownAdvice[]
}

/** What the console said of each fault. Pure. */
export function adviceRows(shown: readonly Shown[], times: readonly FaultTime[]): readonly AdviceRow[] {
  return times.map((time, at) => {
    const untilMs = times[at + 1]?.beganMs ?? Number.POSITIVE_INFINITY
    const during = shown.filter(({ atMs }) => atMs >= time.beganMs && atMs < untilMs)
    const isExpected = ({ code }: ShownAdvice) => isIn(time.expected.any, code)
    const first = during.find(({ advice }) => advice.some(isExpected))
    const code = first?.advice.find(isExpected)?.code
    const last = during.findLast(({ advice }) => advice.some((one) => one.code === code))
    const wrong = new Map<string, ShownAdvice>()
    for (const { atMs, advice } of during)
      for (const one of advice)
        if (!wrong.has(one.code) && !isExplained(one.code, atMs, times)) wrong.set(one.code, one)
    return {
      fault: time.fault,
      advice: code,
      shownAfterMs: first && first.atMs - time.beganMs,
      goneAfterMs: last && Math.max(0, last.atMs - time.endedMs),
      wrong: [...wrong.values()],
    }
  })
}

/** Whether a fault that is on, or was until 30 s ago, may have this advice. */
function isExplained(code: string, atMs: number, times: readonly FaultTime[]): boolean {
  if (isIn(ALWAYS_ALLOWED, code)) return true
  return times.some(
    ({ expected: { any, also }, beganMs, endedMs }) =>
      atMs >= beganMs && atMs <= endedMs + GONE_WITHIN_MS && (isIn(any, code) || isIn(also, code)),
  )
}

function isIn(codes: readonly string[], code: string): boolean {
  return codes.includes(code)
}

/** What is not as it must be: wrong advice, and none for a fault that lasted long enough. */
export function adviceFaults(rows: readonly AdviceRow[], times: readonly FaultTime[]): readonly string[] {
  return rows.flatMap(({ fault, advice, wrong }, at) => {
    const { expected, isHeld } = times[at] as FaultTime
    const missing = isHeld && expected.any.length > 0 && advice === undefined
    return [
      ...wrong.map(
        ({ code, text }) => `${fault}: the console showed ${code}, which is wrong or more than 30 s late (${text})`,
      ),
      ...(missing ? [`${fault}: the console showed none of ${expected.any.join(', ')}`] : []),
    ]
  })
}

const seconds = (ms: number | undefined) => (ms === undefined ? '–' : (ms / 1000).toFixed(1))

/** The rows as a table of Markdown. */
export function adviceTable(rows: readonly AdviceRow[]): string {
  const lines = rows.map(
    ({ fault, advice, shownAfterMs, goneAfterMs, wrong }) =>
      `| ${fault} | ${advice === undefined ? 'none' : `\`${advice}\``} | ${seconds(shownAfterMs)} | ${seconds(goneAfterMs)} | ${wrong.length === 0 ? '0' : wrong.map(({ code }) => code).join(', ')} |`,
  )
  return [
    '| fault | advice | shown after s | gone after s | wrong advice |',
    '| --- | --- | ---: | ---: | --- |',
    ...lines,
  ].join('\n')
}
