/** How an index spreads its documents over shards. */
export interface Routing {
  readonly shards: number
  /** The hash is taken modulo this number: a multiple of `shards` that stays the same when the index is split or shrunk. */
  readonly routingShards: number
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const FIRST_NON_ASCII = 0x80

/**
 * The shard to which Elasticsearch routes a document without an explicit routing (`IndexRouting` of Elasticsearch 9.2). Only a
 * prediction: Elasticsearch routes the document itself, so a wrong one only costs speed.
 *
 * @param lines holds the `_id` as written in JSON, without its quotes, from `start` to `end` (excluded).
 * @returns from 0 to `shards` - 1.
 */
export function shardOf({ shards, routingShards }: Routing, lines: Buffer, start: number, end: number): number {
  const hash = isPlain(lines, start, end) ? hashOfAscii(lines, start, end) : hashOfText(textOf(lines, start, end))
  return Math.floor((((hash % routingShards) + routingShards) % routingShards) / (routingShards / shards))
}

/** The routing shards that Elasticsearch gives an index which states none: room for splits up to 1,024 shards. */
export function defaultRoutingShards(shards: number): number {
  return shards * 2 ** Math.max(1, 10 - Math.ceil(Math.log2(shards)))
}

/** Without an escape, and each byte one UTF-16 unit. */
function isPlain(lines: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = lines[at] as number
    if (byte >= FIRST_NON_ASCII || byte === BACKSLASH || byte === QUOTE) return false
  }
  return true
}

function textOf(lines: Buffer, start: number, end: number): string {
  return JSON.parse(`"${lines.toString('utf8', start, end)}"`) as string
}

/** MurmurHash3 (x86, 32 bits, seed 0) of the text as UTF-16LE, as a signed integer: two units make one block. */
function hashOfText(text: string): number {
  let hash = 0
  let at = 0
  for (; at + 1 < text.length; at += 2) hash = withBlock(hash, text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16))
  return finish(at < text.length ? hash ^ scramble(text.charCodeAt(at)) : hash, text.length * 2)
}

/** The same without making a text: 0.15 instead of 0.55 µs for an id of 48 characters. */
function hashOfAscii(lines: Buffer, start: number, end: number): number {
  let hash = 0
  let at = start
  for (; at + 1 < end; at += 2) hash = withBlock(hash, (lines[at] as number) | ((lines[at + 1] as number) << 16))
  return finish(at < end ? hash ^ scramble(lines[at] as number) : hash, (end - start) * 2)
}

function withBlock(hash: number, block: number): number {
  const mixed = hash ^ scramble(block)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51)
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
}

function finish(hash: number, bytes: number): number {
  let mixed = hash ^ bytes
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
