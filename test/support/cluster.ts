import https from 'node:https'
import { PassThrough } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { Exec, KubeConfig } from '@kubernetes/client-node'

// biome-ignore lint/suspicious/noExplicitAny: whatever kind of object the API server answers with
type Any = any

export interface Answer {
  readonly status: number
  readonly body: Any
}

/** The API server of the current KUBECONFIG, spoken to as it is: no client between the test and what it says. */
export class Cluster {
  readonly #config = new KubeConfig()

  constructor() {
    this.#config.loadFromDefault()
  }

  async request(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<Answer> {
    const url = new URL(path, this.#config.getCurrentCluster()?.server)
    const options: https.RequestOptions = {
      method,
      headers: { accept: 'application/json', 'content-type': contentType },
    }
    await this.#config.applyToHTTPSOptions(options)
    return new Promise((resolve, reject) => {
      const request = https.request(url, options, async (response) => {
        const content = (await buffer(response)).toString()
        const json = response.headers['content-type']?.includes('json')
        resolve({ status: response.statusCode ?? 0, body: json ? JSON.parse(content) : content })
      })
      request.on('error', reject)
      request.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }

  /** @throws Error when the API server answers with anything but success. */
  async get(path: string): Promise<Any> {
    const { status, body } = await this.request('GET', path)
    if (status >= 300) throw new Error(`GET ${path}: ${status} ${body.message ?? body}`)
    return body
  }

  /** Creates an object in a collection. @throws Error when the API server answers with anything but 201. */
  async create(path: string, object: unknown): Promise<Any> {
    const { status, body } = await this.request('POST', path, object)
    if (status !== 201) throw new Error(`POST ${path}: ${status} ${body.message ?? body}`)
    return body
  }

  /** Runs a command in a pod, and gives what it prints. */
  async exec(namespace: string, pod: string, container: string, command: readonly string[]): Promise<string> {
    const [out, err] = [new PassThrough(), new PassThrough()]
    const printed = Promise.all([text(out), text(err)])
    const status = await new Promise<{ status?: string; message?: string }>((resolve, reject) => {
      new Exec(this.#config).exec(namespace, pod, container, [...command], out, err, null, false, resolve).catch(reject)
    })
    out.end()
    err.end()
    const [stdout, stderr] = await printed
    if (status.status !== 'Success') throw new Error(`${command.join(' ')}: ${status.message} ${stderr}`)
    return stdout
  }

  /** What the shell of ZooKeeper prints for a command, next to the first node. */
  zookeeper(namespace: string, command: string): Promise<string> {
    // A JVM of little memory, for it runs next to the server in the same container.
    const shell = 'PULSAR_MEM=-Xmx64m PULSAR_GC=-XX:+UseSerialGC PULSAR_GC_LOG=-Xlog:disable bin/pulsar zookeeper-shell'
    return this.exec(namespace, 'zookeeper-0', 'zookeeper', [
      'bash',
      '-c',
      `${shell} -server localhost:2181 ${command}`,
    ])
  }
}
