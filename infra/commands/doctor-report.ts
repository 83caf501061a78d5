import type { Finding } from '../doctor/finding.ts'
import { wrapped } from './columns.ts'

const WIDTH = 80

/** The findings for a terminal of 80 columns, each with its level and code. */
export function doctorReport(stack: string, version: string, findings: readonly Finding[]): string {
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length
  const head =
    findings.length === 0
      ? `${stack}: the cluster (Kubernetes ${version}) has all that the stack needs.`
      : `${stack}: Kubernetes ${version}; errors ${count('error')}, warnings ${count('warning')}, unknown ${count('unknown')}`
  return [
    wrapped(head, WIDTH),
    ...findings.map(({ level, code, text }) => wrapped(`${level} ${code}: ${text}`, WIDTH, '  ')),
  ].join('')
}
