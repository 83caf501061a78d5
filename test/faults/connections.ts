import { connect, type Socket } from 'node:net'

export interface Crowd {
  readonly connections: number
  close(): void
}

/** What a connection that never ends its request may have sent: nothing, a part of the head, of the body, a byte now and then. */
const BEGINNINGS = [
  '',
  'POST /track HTTP/1.1\r\nHost: a\r\n',
  'POST /track HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"source":{"id":"my-',
] as const
const DRIP_MS = 500

/** Opens connections that send nothing, or a half, or slowly. Resolves when all of them are open. */
export async function idleConnections(url: string, count: number): Promise<Crowd> {
  const port = Number(new URL(url).port)
  const sockets = await Promise.all(Array.from({ length: count }, (_, number) => open(port, number)))
  const slow = sockets.filter((_, number) => number % 50 === 2)
  const dripping = setInterval(() => {
    for (const socket of slow) if (!socket.destroyed) socket.write('x')
  }, DRIP_MS)
  return {
    connections: count,
    close: () => {
      clearInterval(dripping)
      for (const socket of sockets) socket.destroy()
    },
  }
}

function open(port: number, number: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', reject)
    socket.once('connect', () => {
      // The server may end it, and that is right.
      socket.off('error', reject).on('error', () => undefined)
      socket.resume()
      socket.write(BEGINNINGS[number % BEGINNINGS.length] as string)
      resolve(socket)
    })
  })
}
