import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'

/** How many calls had which end: a status of the API, or its replacement. */
export type Ends = Record<string, number>

/** One call; its end as a text. Answers of the API are JSON with `task` or `detail`. */
export async function call(url: string, agent: Agent, body: string | Buffer): Promise<string> {
  try {
    const headers = { 'content-type': 'application/json' }
    const answer = await request(`${url}/track`, { method: 'POST', headers, body, dispatcher: agent })
    const text = await answer.body.text()
    return isOfApi(text) ? `${answer.statusCode}` : `${answer.statusCode} of the proxy`
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}

function isOfApi(text: string): boolean {
  try {
    const { task, detail } = JSON.parse(text)
    return task !== undefined || detail !== undefined
  } catch {
    return false
  }
}

export function eventCall(id: string): string {
  return JSON.stringify({
    source: { id: 'open' },
    session: { id: 'session' },
    profile: { id: 'profile' },
    events: [{ id, type: 'page-view', properties: { path: '/shoes' } }],
  })
}

/** Calls at a steady rate until it is stopped; answers how they ended. */
export function load(url: string, callsPerSecond: number): { stop(): Promise<Ends> } {
  const agent = new Agent({ connections: 100 })
  const ends: Ends = {}
  const calls: Promise<void>[] = []
  let goesOn = true
  const sending = (async () => {
    const beganMs = performance.now()
    for (let sent = 0; goesOn; ) {
      const due = ((performance.now() - beganMs) / 1000) * callsPerSecond
      for (; sent < due; sent += 1) {
        const end = call(url, agent, eventCall(`event-${sent}`))
        calls.push(end.then((what) => void count(ends, what)))
      }
      await sleep(5)
    }
  })()
  return {
    stop: async () => {
      goesOn = false
      await sending
      await Promise.all(calls)
      await agent.close()
      return ends
    },
  }
}

export function count(ends: Ends, what: string): void {
  ends[what] = (ends[what] ?? 0) + 1
}
