import { AppError } from '../errors.ts'

/** Where a message is in its partition: the entry of a ledger, counted from 0; -1 is before the first. */
export interface Position {
  readonly ledger: number
  readonly entry: number
  /** Whether the entry holds further messages after this one. Ours are entries of their own. */
  readonly isInsideEntry?: true
}

/** Negative when `a` lies before `b`, 0 for the same entry. */
export function comparePositions(a: Position, b: Position): number {
  return a.ledger - b.ledger || a.entry - b.entry
}

/** Field numbers of `MessageIdData` in PulsarApi.proto, the form in which both transports give and accept positions. */
const FIELD = { ledgerId: 1, entryId: 2, batchIndex: 4, batchSize: 6 } as const
const VARINT = 0
const BITS = 7n
const MORE = 0x80n

/** The position as a message id of Pulsar, serialized. */
export function encodePosition({ ledger, entry }: Position): Buffer {
  const fields = [
    [FIELD.ledgerId, ledger],
    [FIELD.entryId, entry],
  ] as const
  return Buffer.from(fields.flatMap(([field, value]) => [(field << 3) | VARINT, ...varint(value)]))
}

/** Negative numbers are written as the 64 bits of their complement. */
function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest >= MORE; rest >>= BITS) bytes.push(Number((rest & (MORE - 1n)) | MORE))
  return [...bytes, Number(rest)]
}

/** @throws AppError `queue_unavailable` for bytes that are no message id. */
export function decodePosition(bytes: Buffer): Position {
  const fields = new Map<number, number>()
  for (let at = 0; at < bytes.length; ) {
    const key = readVarint(bytes, at)
    if ((key.value & 7) !== VARINT) break
    const value = readVarint(bytes, key.end)
    fields.set(key.value >> 3, value.value)
    at = value.end
  }
  const [ledger, entry] = [fields.get(FIELD.ledgerId), fields.get(FIELD.entryId)]
  if (ledger === undefined || entry === undefined) {
    throw new AppError('queue_unavailable', `Pulsar returned a message id without a position: ${bytes.toString('hex')}`)
  }
  const [index = -1, size = 0] = [fields.get(FIELD.batchIndex), fields.get(FIELD.batchSize)]
  return { ledger, entry, ...(index >= 0 && index < size - 1 ? { isInsideEntry: true } : {}) }
}

function readVarint(bytes: Buffer, start: number): { value: number; end: number } {
  let value = 0n
  let end = start
  let byte = MORE
  for (let shift = 0n; byte >= MORE; shift += BITS, end += 1) {
    byte = BigInt(bytes[end] ?? 0)
    value |= (byte & (MORE - 1n)) << shift
  }
  return { value: Number(BigInt.asIntN(64, value)), end }
}
