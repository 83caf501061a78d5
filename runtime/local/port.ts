import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import { type Holder, holderOf } from './port-holder.ts'

/** A port that a person uses, so it is not chosen silently: what for, and how to have another. */
export interface NeededPort {
  readonly port: number
  readonly purpose: string
  /** What the user can do about it when it is taken; the last part of the message. */
  readonly wayOut: (freePort: number) => string
}

const CONNECT_LIMIT_MS = 500

/** A free port of this machine, as the system gives them out. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : freePort()
}

const MOST_PORT = 65_535
/** Number of consecutive ports to try, so that the listener keeps its port or gets one close by. */
const TRIED_PORTS = 20

/** The wanted port, or the next free one that is not reserved, or any free one. */
export async function freePortNear(wanted: number, taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (let port = wanted; port < wanted + TRIED_PORTS && port <= MOST_PORT; port += 1) {
    if (!taken.has(port) && (await isFree(port))) return port
  }
  const port = await freePort()
  return taken.has(port) ? freePortNear(port, taken) : port
}

export async function isFree(port: number): Promise<boolean> {
  // Both ways: some systems let a program listen on 127.0.0.1 although another has the same port of all addresses.
  return !(await answers(port)) && (await canListen(port)) === undefined
}

/** @throws AppError `local_run` with all ports that are taken, who has them and what can be done. */
export async function requireFreePorts(ports: readonly NeededPort[]): Promise<void> {
  const wanted = new Set(ports.map(({ port }) => port))
  const faults: string[] = []
  for (const needed of ports) {
    if (await isFree(needed.port)) continue
    const code = await canListen(needed.port)
    faults.push(
      code === 'EACCES'
        ? `Port ${needed.port}, ${needed.purpose}, is not allowed to you: ${needed.wayOut(await freePort())}`
        : takenPortMessage(needed, holderOf(needed.port), await freePortNear(needed.port + 1, wanted)),
    )
  }
  if (faults.length > 0) throw new AppError('local_run', faults.join('\n'), { context: { faults } })
}

export function takenPortMessage(needed: NeededPort, holder: Holder | undefined, freePort: number): string {
  const by = holder ? ` by ${holder.program} (pid ${holder.pid})` : ''
  return `Port ${needed.port}, ${needed.purpose}, is taken${by}. Stop that program, or ${needed.wayOut(freePort)}`
}

/** The code of the error when nothing can listen there. */
async function canListen(port: number): Promise<string | undefined> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown'
  } finally {
    if (server.listening) {
      server.close()
      await once(server, 'close')
    }
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    return await Promise.race([
      once(socket, 'connect').then(
        () => true,
        () => false,
      ),
      sleep(CONNECT_LIMIT_MS, false, { ref: false }),
    ])
  } finally {
    socket.destroy()
  }
}
