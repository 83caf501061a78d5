import { duration } from '../../telemetry/format.js'
import { finding, type Rule } from './rule.ts'

const DAY_MS = 86_400_000
/** As the alerts of a stack. */
const DAYS = { watch: 60, act: 14 }

/** The certificate that ends first, of those that a rule is about. */
function first({ certificates, atMs }: Parameters<Rule>[0], isExpired: boolean) {
  const [one] = certificates
    .filter(({ endsAtMs }) => endsAtMs <= atMs === isExpired && endsAtMs - atMs < DAYS.watch * DAY_MS)
    .sort((a, b) => a.endsAtMs - b.endsAtMs)
  return one && { ...one, date: new Date(one.endsAtMs).toISOString(), leftMs: one.endsAtMs - atMs }
}

export const certificateExpired: Rule = (figures) => {
  const found = first(figures, true)
  return (
    found &&
    finding('certificate_expired', {
      severity: 'act',
      facts: {},
      where: found.url,
      text: `It ended ${duration(-found.leftMs / 1000)} ago. Programs that verify it refuse the connection, and events wait. Renew it.`,
      reason: `valid until ${found.date}`,
      sinceMs: found.endsAtMs,
      commands: [showCertificate(found.url)],
    })
  )
}

export const certificateEnds: Rule = (figures) => {
  const found = first(figures, false)
  return (
    found &&
    finding('certificate_ends', {
      severity: found.leftMs < DAYS.act * DAY_MS ? 'act' : 'watch',
      facts: {},
      where: found.url,
      text: `It ends in ${duration(found.leftMs / 1000)}. Renew it: in a stack, \`pulumi up\` does.`,
      reason: `valid until ${found.date}`,
      commands: [showCertificate(found.url)],
    })
  )
}

function showCertificate(url: string): string {
  const { hostname, port } = new URL(url)
  return `openssl s_client -connect ${hostname}:${port || 443} < /dev/null | openssl x509 -noout -dates -subject`
}
