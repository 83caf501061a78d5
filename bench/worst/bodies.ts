import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'

/** A body that was made to cost as much as it can. */
export interface WorstBody {
  readonly name: string
  readonly body: Buffer
  readonly encoding?: 'br' | 'gzip' | 'zstd'
  /** What a known source, and an unknown one, is answered for it. */
  readonly known: number
  readonly unknown: number
}

export interface WorstOptions {
  /** API_MAX_BODY_BYTES */
  readonly maxBytes: number
  /** API_MAX_VALUES */
  readonly maxValues: number
  readonly sourceId: string
}

const EVENTS = 1000
const BOMB_BYTES = 100 * 1024 * 1024

/** The catalogue, by the part of the API that each is aimed at. The bodies are made one by one, for they are large. */
export function* worstBodies({ maxBytes, maxValues, sourceId }: WorstOptions): Generator<WorstBody> {
  const head = `{"source":{"id":${JSON.stringify(sourceId)}}`
  const room = maxBytes - 256
  const ignored = (item: string, bytes = room) => `${head},"x":[1e5,${item.repeat(bytes / item.length)}0]}`
  const events = (list: readonly string[]) => `${head},"events":[${list.join(',')}]}`
  const stored = (properties: string) => events([`{"type":"t","properties":${properties}}`])
  const plain = (name: string, text: string, known: number, unknown = 401): WorstBody => ({
    name,
    body: Buffer.from(text),
    known,
    unknown,
  })

  // Values and depth.
  for (const [what, item] of Object.entries({
    objects: '{},',
    lists: '[],',
    numbers: '1,',
    texts: '"",',
    nulls: 'null,',
  })) {
    const text = ignored(item)
    yield plain(`4 MiB of empty ${what} and an exponent`, text, 413)
    yield { name: `the same ${what}, brotli`, body: brotliCompressSync(text), encoding: 'br', known: 413, unknown: 413 }
  }
  yield plain('the most objects that are allowed, ignored', ignored('{},', (maxValues / 2 - 100) * 3), 200)
  yield plain('the most numbers that are allowed, each with an exponent', ignored('1e9,', (maxValues - 100) * 4), 200)
  yield plain('a list as deep as the body is long', `${head},"x":${'['.repeat(room / 2)}${']'.repeat(room / 2)}}`, 422)
  yield plain('a number as long as the body', `${head},"x":${'9'.repeat(room)}}`, 200)
  // Keys.
  const keys = (count: number, value: string) =>
    Array.from({ length: Math.floor(count) }, (_, index) => `"k${index}":${value}`).join(',')
  yield plain('as many keys as fit, ignored', `${head},"x":{${keys(room / 12, '0')}}}`, 413)
  yield plain('the most keys that are allowed, ignored', `${head},"x":{${keys(maxValues - 100, '0')}}}`, 200)
  // Strings.
  yield plain('one string', `${head},"x":"${'a'.repeat(room)}"}`, 200)
  yield plain('one string of escaped quotes', `${head},"x":"${'\\"'.repeat(room / 2)}"}`, 200)
  yield plain('one string of escaped characters', `${head},"x":"${'\\u0000'.repeat(room / 6)}"}`, 200)
  yield plain('one string of emoji', `${head},"x":"${'😀'.repeat(room / 4)}"}`, 200)
  yield plain('white space', `${' '.repeat(room)}${head}}`, 200)
  yield plain('a fault at the end', `${head},"x":"${'a'.repeat(room)}"`, 422)
  yield plain('no source at all', `{"x":"${'a'.repeat(room)}"}`, 422, 422)
  // What is stored.
  yield plain(
    'the most numbers that no double holds, stored',
    stored(`{"a":[${'1.2345678901234567890,'.repeat(20_000)}1]}`),
    200,
  )
  yield plain('the most small objects in one event', stored(`{"a":[${'{"b":1},'.repeat(30_000)}1]}`), 200)
  yield plain('the most keys in one event', stored(`{${keys(40_000, '1')}}`), 200)
  yield plain('a thousand events of 4 kB', events(manyEvents(EVENTS, (room - 100_000) / EVENTS)), 200)
  yield plain('a thousand events of 4 kB in emoji', events(manyEvents(EVENTS, (room - 100_000) / EVENTS, '😀')), 200)
  yield plain('a thousand events, each with a request of 7 kB', amplified(head, 7000), 200)
  yield plain('a thousand events, each with a request of 400 kB', amplified(head, 400_000), 413)
  // Faults.
  yield plain('a thousand events full of faults', events(Array(EVENTS).fill(faultyEvent())), 422)
  yield plain(
    'as many events that are none as are allowed values',
    events(Array(Math.floor(maxValues / 4)).fill('{"a":1}')),
    422,
  )
  // Compression.
  const bomb = Buffer.alloc(BOMB_BYTES, ' ')
  yield { name: '100 MiB of white space, gzip', body: gzipSync(bomb), encoding: 'gzip', known: 413, unknown: 413 }
  yield {
    name: '100 MiB of white space, brotli',
    body: brotliCompressSync(bomb),
    encoding: 'br',
    known: 413,
    unknown: 413,
  }
  yield {
    name: '100 MiB of white space, zstd',
    body: zstdCompressSync(bomb),
    encoding: 'zstd',
    known: 413,
    unknown: 413,
  }
  const honest = Buffer.from(events(manyEvents(EVENTS, (room - 100_000) / EVENTS)))
  yield { name: 'a thousand events of 4 kB, gzip', body: gzipSync(honest), encoding: 'gzip', known: 200, unknown: 401 }
}

/** Events whose texts do not compress well. */
function manyEvents(count: number, bytes: number, text?: string): string[] {
  return Array.from({ length: count }, (_, index) => {
    const filler = text?.repeat(bytes / Buffer.byteLength(text)) ?? pseudoRandom(bytes, index + 1)
    return `{"type":"t","id":"e${index}","properties":{"a":"${filler}"}}`
  })
}

/** Letters by a linear congruential generator: the same for each run, and of little order. */
function pseudoRandom(length: number, seed: number): string {
  const letters = Buffer.allocUnsafe(Math.floor(length))
  let state = seed
  for (let index = 0; index < letters.length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    letters[index] = 'a'.charCodeAt(0) + ((state >>> 24) % 26)
  }
  return letters.toString('latin1')
}

function amplified(head: string, bytes: number): string {
  const events = Array.from({ length: EVENTS }, (_, index) => `{"type":"t","id":"e${index}"}`)
  return `${head},"request":{"a":"${'x'.repeat(bytes)}"},"events":[${events.join(',')}]}`
}

function faultyEvent(): string {
  const event = { type: 1, id: [], time: { insert: {} }, properties: 1, context: 1, tags: Array(80).fill(1) }
  return JSON.stringify(event)
}
