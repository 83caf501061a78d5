import type { FastifySchemaValidationError } from 'fastify'
import type { Fault } from './schema.ts'

/** An answer lists at most this many faults; more would only make the answer as large as the call. */
const MAX_FAULTS = 100

/** The kinds that the schemas of calls ask for. */
const KINDS: Readonly<Record<string, Pick<Fault, 'msg' | 'type'>>> = {
  string: { msg: 'Input should be a valid string', type: 'string_type' },
  object: { msg: 'Input should be a valid dictionary', type: 'dict_type' },
  array: { msg: 'Input should be a valid list', type: 'list_type' },
}

/** Whether there are more faults than an answer lists, so that nobody needs to look for others. */
export function isFull(faults: readonly Fault[]): boolean {
  return faults.length > MAX_FAULTS
}

/** The first faults, and whether there are others. */
export function limited(faults: readonly Fault[]): Fault[] {
  if (!isFull(faults)) return [...faults]
  const msg = `Only the first ${MAX_FAULTS} faults are listed`
  return [...faults.slice(0, MAX_FAULTS), { loc: ['body'], msg, type: 'too_many_faults' }]
}

/**
 * What the validator found, in the form that Tracardi uses.
 *
 * @param base the place of the validated value.
 */
export function faultOf(error: FastifySchemaValidationError, base: Fault['loc']): Fault {
  const loc = [...base, ...pathOf(error.instancePath)]
  const { keyword, params } = error
  switch (keyword) {
    case 'required':
      return { loc: [...loc, String(params['missingProperty'])], msg: 'Field required', type: 'missing' }
    case 'type': {
      const [kind] = [params['type']].flat() as [string]
      return { loc, ...wrongKind(kind) }
    }
    case 'maxLength':
      return { loc, msg: `String should have at most ${params['limit']} characters`, type: 'string_too_long' }
    case 'pattern':
      return { loc, msg: 'String should not be empty', type: 'string_too_short' }
    default:
      return { loc, msg: error.message ?? 'Input is not valid', type: keyword }
  }
}

export function wrongKind(kind: string): Pick<Fault, 'msg' | 'type'> {
  return KINDS[kind] ?? { msg: `Input should be a valid ${kind}`, type: `${kind}_type` }
}

/** The fault of a list that is too long, whose items need no look then. */
export function overlongFault(loc: Fault['loc'], list: unknown, maxItems: number): Fault | undefined {
  if (!Array.isArray(list) || list.length <= maxItems) return undefined
  return { loc, msg: `List should have at most ${maxItems} items`, type: 'too_long' }
}

/** A JSON pointer as a list: `/events/2/type` is `["events", 2, "type"]`. */
function pathOf(pointer: string): (string | number)[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part))
}
