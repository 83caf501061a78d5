import { hostname } from 'node:os'
import { Gauge, type Registry } from 'prom-client'
import { version } from './version.ts'

/** Name of the metric by which the console knows a process, and which version it runs. */
export const PROCESS_INFO = 'tracardi_process_info'

/** Adds what a process is: one series, always 1. A process that starts again in the same pod has another start time. */
export function processInfo(registry: Registry): void {
  const info = new Gauge({
    name: PROCESS_INFO,
    help: 'Always 1. Labels: host and id of the process, and the version of the runtime',
    labelNames: ['process', 'version'],
    registers: [registry],
  })
  info.set({ process: `${hostname()}:${process.pid}`, version }, 1)
}
