import { hostname } from 'node:os'
import { Gauge, type Registry } from 'prom-client'
import type { Config } from './config.ts'
import { version } from './version.ts'

/** Name of the metric by which the console knows a process, and which version it runs. */
export const PROCESS_INFO = 'tracardi_process_info'

/**
 * Adds what a process is: one series, always 1. A process that starts again in the same pod has another start time.
 *
 * @param runtimeImage empty outside of a stack.
 */
export function processInfo(registry: Registry, { runtimeImage }: Pick<Config, 'runtimeImage'>): void {
  const info = new Gauge({
    name: PROCESS_INFO,
    help: 'Always 1. Labels: host and id of the process, the version of the runtime, and its image where the stack states it',
    labelNames: ['process', 'version', 'image'],
    registers: [registry],
  })
  info.set({ process: `${hostname()}:${process.pid}`, version, image: runtimeImage }, 1)
}
