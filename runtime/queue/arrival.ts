import { RECEIVE_WAIT_MS } from './port.ts'

/** Lets one `receive` wait for something to arrive, and no longer than RECEIVE_WAIT_MS. */
export interface Arrival {
  happened(): void
  wait(): Promise<void>
}

export function arrival(): Arrival {
  let wake: (() => void) | undefined
  return {
    happened: () => wake?.(),
    wait: async () => {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, RECEIVE_WAIT_MS)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      wake = undefined
    },
  }
}
