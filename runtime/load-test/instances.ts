import { AppError } from '../errors.ts'
import type { Reading, Readings } from '../telemetry/counters.ts'
import { instancesAt, type Resolve, scrape } from '../telemetry/instances.ts'

const ANSWER_LIMIT_MS = 2000

/**
 * The private listeners behind the URLs of `--metrics`.
 *
 * @throws AppError `command_invalid` for what is no http URL, or a name that nobody knows.
 */
export async function instancesOf(urls: readonly string[], resolve?: Resolve): Promise<readonly string[]> {
  const found = await Promise.all(
    urls.map((url) => {
      if (!URL.canParse(url) || new URL(url).protocol !== 'http:') {
        const allowed = 'URLs like http://host:8686, with a comma between them'
        throw new AppError('command_invalid', `--metrics has "${url}"; allowed: ${allowed}`)
      }
      return instancesAt(url, resolve).catch((cause: unknown) => {
        throw new AppError('command_invalid', `--metrics has "${url}", whose host has no address`, { cause })
      })
    }),
  )
  return [...new Set(found.flat())]
}

/** Reads all instances at once. What does not answer, and what is none of ours, is left out. Pods come and go, so names are resolved each time. */
export async function readInstances(urls: readonly string[]): Promise<Readings> {
  const read = await Promise.all(
    (await instancesOf(urls)).map(async (url): Promise<readonly [string, Reading][]> => {
      const answer = await scrape(url, ANSWER_LIMIT_MS, () => performance.now())
      return answer.ok ? [[url, answer.value]] : []
    }),
  )
  return new Map(read.flat())
}
