import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** `kubectl proxy`: Services of the cluster at addresses of this machine. */
export class KubectlProxy {
  readonly #process: ChildProcess
  readonly #url: string

  private constructor(process: ChildProcess, url: string) {
    this.#process = process
    this.#url = url
  }

  static async start(): Promise<KubectlProxy> {
    const proxy = spawn('kubectl', ['proxy', '--port=0'], { stdio: ['ignore', 'pipe', 'inherit'] })
    for await (const line of createInterface({ input: proxy.stdout })) {
      const address = /127\.0\.0\.1:\d+/.exec(line)?.[0]
      if (address !== undefined) return new KubectlProxy(proxy, `http://${address}`)
    }
    throw new Error('kubectl proxy did not start')
  }

  /** @param port by number, of a Service. */
  urlOf(namespace: string, service: string, port: number): string {
    return `${this.#url}/api/v1/namespaces/${namespace}/services/${service}:${port}/proxy`
  }

  stop(): void {
    this.#process.kill()
  }
}
