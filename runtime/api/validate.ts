import { Ajv, type ValidateFunction } from 'ajv'
import { faultOf, isFull, overlongFault } from './faults.ts'
import { callSchema, Event, type Fault, MAX_TAGS } from './schema.ts'

const NONE: readonly Fault[] = []

/**
 * The faults of a call by its schema. Events are judged one by one, so that a call full of faults costs little more than
 * the hundred that are listed.
 *
 * @param maxEvents maximum number of events in one call.
 */
export function callValidator(maxEvents: number): (body: unknown) => Fault[] {
  const ajv = new Ajv({ allErrors: true, allowUnionTypes: true })
  const isCall = ajv.compile(callSchema)
  const isEvent = ajv.compile(Event)
  const eventFaults = (event: unknown, loc: Fault['loc']): readonly Fault[] => {
    const tooMany = overlongFault([...loc, 'tags'], (event as { tags?: unknown } | null)?.tags, MAX_TAGS)
    if (tooMany) return [tooMany]
    return isEvent(event) ? NONE : faultsOf(isEvent, loc)
  }
  return (body) => {
    const faults: Fault[] = []
    if (!isCall(body)) faults.push(...faultsOf(isCall, ['body']))
    const events = (body as { events?: unknown } | null | undefined)?.events
    if (!Array.isArray(events)) return faults
    const tooMany = overlongFault(['body', 'events'], events, maxEvents)
    if (tooMany) return [...faults, tooMany]
    for (let index = 0; index < events.length && !isFull(faults); index += 1) {
      faults.push(...eventFaults(events[index], ['body', 'events', index]))
    }
    return faults
  }
}

function faultsOf({ errors }: ValidateFunction, loc: Fault['loc']): Fault[] {
  return (errors ?? []).map((error) => faultOf(error, loc))
}
