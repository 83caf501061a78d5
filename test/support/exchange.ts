import { connect } from 'node:net'

/** Head and body of everything that comes back for these bytes, until the server closes the connection. */
export async function exchange(port: number, bytes: string): Promise<[head: string, body: string]> {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.on('data', (data) => {
    received += data
  })
  socket.write(bytes)
  await new Promise((resolve) => socket.on('close', resolve))
  const [head = '', body = ''] = received.split('\r\n\r\n')
  return [head, body]
}
