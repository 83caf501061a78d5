import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** A TCP socket on which a process waits for connections. */
export interface Listening {
  readonly address: string
  readonly port: number
}

const LISTEN = '0A'

/** Every listening TCP socket of a process and of all that it has started, IPv4 and IPv6. Linux only. */
export function listeningOf(root: number): readonly Listening[] {
  const inodes = new Set(treeOf(root).flatMap(socketsOf))
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((table) => readFileSync(table, 'utf8').trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode = '']) => state === LISTEN && inodes.has(inode))
    .map(([, local = '']) => parseAddress(local))
    .sort((one, other) => one.port - other.port)
}

/** `0100007F:2189` as the system writes it: the address in words of 32 bits, each with its lowest byte first. */
function parseAddress(text: string): Listening {
  const [hex = '', port = ''] = text.split(':')
  const words = hex.match(/.{8}/g) ?? []
  const bytes = Buffer.concat(words.map((word) => Buffer.from(word, 'hex').reverse()))
  const address = bytes.length === 4 ? [...bytes].join('.') : (bytes.toString('hex').match(/.{4}/g) ?? []).join(':')
  return { address: unmapped(address), port: Number.parseInt(port, 16) }
}

/** An IPv4 address within IPv6 as that. */
function unmapped(address: string): string {
  const [, high = '', low = ''] = /^(?:0000:){5}ffff:(.{4}):(.{4})$/.exec(address) ?? []
  return high === '' ? address : [...Buffer.from(high + low, 'hex')].join('.')
}

export function isLoopback({ address }: Listening): boolean {
  return address.startsWith('127.') || address === '0000:0000:0000:0000:0000:0000:0000:0001'
}

function treeOf(root: number): readonly number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      // It has just ended.
    }
  }
  const descends = (pid: number): boolean => pid === root || (parents.has(pid) && descends(parents.get(pid) as number))
  return [...parents.keys()].filter(descends)
}

function socketsOf(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).flatMap((descriptor) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${descriptor}`))?.[1] ?? []
    } catch {
      return []
    }
  })
}
