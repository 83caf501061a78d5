import { settings } from '../../runtime/config.ts'
import { NODE_OPTIONS } from '../../runtime/local/programs.ts'
import { say } from '../say.ts'
import { median } from '../statistics.ts'
import { markdown } from '../table.ts'
import { worstBodies } from './bodies.ts'
import { SOURCE_ID, WorstListener } from './listener.ts'

/** Old generation of the smallest pod that the stack schema allows: 60 % of 256 MiB. */
export const SMALLEST_HEAP = `--max-old-space-size=${Math.floor(256 * 0.6)}`
const TOGETHER = 8
const MIB = 1024 * 1024

/** Sends each body of the catalogue to an API of the smallest pod, alone and several at a time, and prints what it costs. */
export async function measureWorst(rounds: number): Promise<void> {
  const limits = { maxBytes: settings.apiMaxBodyBytes.default, maxValues: settings.apiMaxValues.default }
  const rows: string[][] = []
  for (const body of worstBodies({ ...limits, sourceId: SOURCE_ID })) {
    const listener = await WorstListener.start([SMALLEST_HEAP, ...NODE_OPTIONS])
    // Code that runs for the first time is slower than any body is meant to be.
    for (let call = 0; call < 3; call += 1) await listener.send(body)
    const alone = []
    for (let round = 0; round < rounds; round += 1) alone.push(await listener.during(() => listener.send(body)))
    const together = await listener.during(() =>
      Promise.all(Array.from({ length: TOGETHER }, () => listener.send(body))),
    )
    rows.push([
      body.name,
      String(body.body.length),
      String(await listener.send(body)),
      median(alone.map(({ stoppedMs }) => stoppedMs)).toFixed(0),
      Math.max(...alone.map(({ stoppedMs }) => stoppedMs)).toFixed(0),
      (Math.max(...alone.map(({ peakBytes }) => peakBytes)) / MIB).toFixed(0),
      together.stoppedMs.toFixed(0),
      (together.peakBytes / MIB).toFixed(0),
    ])
    say(`${rows.at(-1)?.join(' · ')}`)
    await listener.stop()
  }
  const head = [
    'body',
    'bytes sent',
    'answer',
    'stop ms, median',
    'longest',
    'memory MiB',
    `${TOGETHER} together: longest stop ms`,
    'memory MiB',
  ]
  say(`\n${markdown(head, rows)}`)
}
