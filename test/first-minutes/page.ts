import { availableParallelism } from 'node:os'

export interface Step {
  readonly command: string
  readonly seen: string
  readonly seconds: number
}

export interface Figures {
  /** From `npm start` until it is ready. */
  readonly readySeconds: number
  /** From then until the first event is seen in a terminal. */
  readonly firstSeenSeconds: number
  readonly calls: number
  readonly medianSeconds: number
  readonly maxSeconds: number
}

/** The page of the documentation, from one run. */
export function page(steps: readonly Step[], figures: Figures, at: Date): string {
  const { readySeconds, firstSeenSeconds, calls, medianSeconds, maxSeconds } = figures
  const rows = steps.map(
    ({ command, seen, seconds }) => `| ${command} | ${seen.replaceAll('|', '\\|')} | ${seconds.toFixed(1)} |`,
  )
  const date = at.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' })
  return `# The first ten minutes

What a new user does and sees, recorded by \`npm run first-minutes\` from a real run (${date}, ${availableParallelism()} cores, with other work on them). The
servers were downloaded before; the data was empty. The commands are those that \`npm start\` prints.

**The first event was seen ${firstSeenSeconds.toFixed(1)} s after \`Ready\`**, and ${(readySeconds + firstSeenSeconds).toFixed(0)} s after \`npm start\`, without the time to read and to type.

| command | seen | seconds |
| --- | --- | ---: |
${rows.join('\n')}

An event can be found ${medianSeconds.toFixed(1)} s after its 200 (median of ${calls} calls; at most ${maxSeconds.toFixed(1)} s): a bulk waits at most 1 s for more events, and the index
is refreshed every second.

Without a JDK and Maven, [one container](pipelines.md#everything-in-one-container) runs the same.
`
}
