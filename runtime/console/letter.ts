import type { DeadLetter } from '../queue/dead-letter.ts'

/** An action with the longest names that Elasticsearch takes is shorter. */
const FIRST_LINE_BYTES = 8192
const LINE_CHARACTERS = 300
/** A larger payload is not parsed: what it says of itself is unknown. */
const PARSED_BYTES = 1024 * 1024
/** Maximum shown of a payload. */
const SHOWN_BYTES = 8192

/** What a dead letter says of itself; empty where it does not say. */
export interface LetterFacts {
  readonly fault: string
  readonly source: string
  readonly type: string
  readonly session: string
}

export interface DeadLetterRow extends LetterFacts {
  /** Names it, while it waits. */
  readonly id: string
  readonly failedAt: string
  readonly reason: string
  /** Status of Elasticsearch; 0 when the message itself could not be read. */
  readonly status: number
  /** What was to be done, to which document of which index; the line itself where it is no such operation. */
  readonly operation: string
  readonly bytes: number
  /** Its beginning. */
  readonly payload: string
  readonly isCut: boolean
}

/** Which dead letters are meant: those with each of these. */
export interface LetterFilter {
  readonly ids?: readonly string[] | undefined
  readonly fault?: string | undefined
  readonly source?: string | undefined
  readonly type?: string | undefined
}

export function wantsLetter({ ids, fault, source, type }: LetterFilter): (letter: DeadLetter, id: string) => boolean {
  const known = ids && new Set(ids)
  return (letter, id) => {
    if (known?.has(id) === false || (fault ?? letter.metadata.fault) !== letter.metadata.fault) return false
    if (source === undefined && type === undefined) return true
    const facts = factsOf(letter)
    return (source ?? facts.source) === facts.source && (type ?? facts.type) === facts.type
  }
}

export function rowOf(letter: DeadLetter, id: string): DeadLetterRow {
  const { failedAt, reason, status } = letter.metadata
  const { payload } = letter.message
  return {
    ...{ id, failedAt, reason, status, ...factsOf(letter) },
    operation: operationOf(payload),
    bytes: payload.length,
    payload: payload.toString('utf8', 0, SHOWN_BYTES),
    isCut: payload.length > SHOWN_BYTES,
  }
}

/** Anybody who may publish can write a dead letter, so nothing of it is what it should be. */
export function factsOf({ metadata: { fault }, message: { payload } }: DeadLetter): LetterFacts {
  const { source, type, session } = (documentIn(payload) ?? {}) as Record<string, unknown>
  return { fault, source: idOf(source), type: typeof type === 'string' ? type : '', session: idOf(session) }
}

function idOf(value: unknown): string {
  const { id } = (value ?? {}) as { id?: unknown }
  return typeof id === 'string' ? id : ''
}

/** The second line, after the action. */
function documentIn(payload: Buffer): unknown {
  if (payload.length > PARSED_BYTES) return undefined
  try {
    return JSON.parse(payload.toString('utf8').split('\n', 2)[1] ?? '')
  } catch {
    return undefined
  }
}

/** The first line of a bulk names what is to be done: `create 01a2… in tracardi-event-2026-11`. */
function operationOf(payload: Buffer): string {
  const [line = ''] = payload.toString('utf8', 0, FIRST_LINE_BYTES).split('\n', 1)
  return actionIn(line) ?? line.slice(0, LINE_CHARACTERS)
}

function actionIn(line: string): string | undefined {
  try {
    const [[action, target] = []] = Object.entries(
      JSON.parse(line) as Record<string, { _index?: string; _id?: string }>,
    )
    return action && target?._index && target._id ? `${action} ${target._id} in ${target._index}` : undefined
  } catch {
    // A message that cannot be read is one of the reasons for being here.
    return undefined
  }
}
