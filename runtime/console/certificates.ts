import { isIP } from 'node:net'
import { connect } from 'node:tls'

/** The certificate that a server shows. */
export interface Certificate {
  /** Base URL of the server. */
  readonly url: string
  /** In milliseconds since the epoch. */
  readonly endsAtMs: number
}

const LIMIT_MS = 5000

/** When the certificates of the servers end, without those that do not answer, or speak no TLS. */
export async function certificatesOf(urls: readonly string[], limitMs = LIMIT_MS): Promise<readonly Certificate[]> {
  const secured = [...new Set(urls)].filter((url) => url.startsWith('https://'))
  return (await Promise.all(secured.map((url) => certificateOf(url, limitMs)))).flatMap((one) => one ?? [])
}

/** Looks at the certificate only, and sends nothing: one that has expired, or that nobody trusts, is shown as well. */
function certificateOf(url: string, limitMs: number): Promise<Certificate | undefined> {
  const { hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const servername = isIP(host) > 0 ? {} : { servername: host }
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) || 443, ...servername, rejectUnauthorized: false })
    const end = (certificate?: Certificate) => {
      socket.destroy()
      resolve(certificate)
    }
    socket.setTimeout(limitMs, () => end())
    socket.once('error', () => end())
    socket.once('secureConnect', () => end({ url, endsAtMs: Date.parse(socket.getPeerCertificate().valid_to) }))
  })
}
