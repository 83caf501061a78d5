import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { type LocalSettings, localSettings } from './settings.ts'

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

/** The process that listens on a port. */
export interface Holder {
  readonly pid: number
  readonly program: string
}

const LISTEN = '0A'

/** The inode of the socket that listens on a port, from the text of `/proc/net/tcp` or `/proc/net/tcp6`. */
export function listeningInode(table: string, port: number): string | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  for (const line of table.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/)
    if (columns[1]?.endsWith(`:${hex}`) && columns[3] === LISTEN) return columns[9]
  }
  return undefined
}

/** The process that listens on a port, if the system reports it (Linux, and not another user's process unless we are root). */
function holderOf(port: number): Holder | undefined {
  const inode = ['/proc/net/tcp', '/proc/net/tcp6']
    .map((path) => listeningInode(readOr(path, ''), port))
    .find((found) => found !== undefined)
  if (inode === undefined) return undefined
  const pid = listOr('/proc').find((name) => /^\d+$/.test(name) && holdsSocket(name, inode))
  if (pid === undefined) return undefined
  return { pid: Number(pid), program: programIn(readOr(`/proc/${pid}/cmdline`, '')) }
}

/** The name of the program in the text of `/proc/<pid>/cmdline`. Not `comm`: that is the name of a thread. */
export function programIn(commandLine: string): string {
  return basename(commandLine.split('\0')[0] ?? '') || 'a program'
}

function holdsSocket(pid: string, inode: string): boolean {
  const folder = `/proc/${pid}/fd`
  return listOr(folder).some((descriptor) => linkOr(`${folder}/${descriptor}`) === `socket:[${inode}]`)
}

// Processes come and go and many are not ours to look at, so each of these answers nothing instead of failing.

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise
  }
}

function listOr(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function linkOr(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

/** Which servers this run starts; the others are the user's, named in the environment. */
export interface Starts {
  readonly pulsar: boolean
  readonly elasticsearch: boolean
}

/**
 * The ports that must be free: those of addresses that a person uses. All others are chosen.
 *
 * @param bookiePort of a Pulsar that was started before; it is part of the identity of the bookie and cannot change.
 */
export function neededPorts(
  config: Pick<Config, 'publicPort' | 'privatePort'>,
  local: LocalSettings,
  starts: Starts,
  bookiePort: number | undefined,
): NeededPort[] {
  const ports: NeededPort[] = [
    { port: config.publicPort, purpose: 'where the API takes events', wayOut: set('PUBLIC_PORT') },
    { port: config.privatePort, purpose: 'the private listener of the API', wayOut: set('PRIVATE_PORT') },
  ]
  if (starts.pulsar) {
    const or = ', or PULSAR_HOST and PULSAR_API to a running Pulsar'
    ports.push(
      { port: local.pulsarPort, purpose: 'the broker of Pulsar', wayOut: set(localSettings.pulsarPort.env, or) },
      {
        port: local.pulsarApiPort,
        purpose: 'the admin API of Pulsar',
        wayOut: set(localSettings.pulsarApiPort.env, or),
      },
    )
    if (bookiePort !== undefined) {
      const wayOut = (): string => 'start again with `npm start -- --fresh`, which removes the data.'
      ports.push({ port: bookiePort, purpose: 'where the data of Pulsar was written', wayOut })
    }
  }
  if (starts.elasticsearch) {
    const or = ', or ELASTIC_HOST to a running Elasticsearch'
    ports.push({ port: local.elasticPort, purpose: 'Elasticsearch', wayOut: set(localSettings.elasticPort.env, or) })
  }
  return ports
}

function set(variable: string, or = ''): NeededPort['wayOut'] {
  return (freePort) => `set ${variable} to a free one (${variable}=${freePort} npm start)${or}.`
}
