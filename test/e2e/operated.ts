import type { Groups, LocalPipeline } from '../support/local-pipeline.ts'
import { OnCluster } from '../support/on-cluster.ts'

/** A step of a preview that removes something with data, and its id. A claim that is only deleted stays on the cluster. */
const REMOVED =
  /^ *(?:(?:\+-|-|--|\+\+) *kubernetes:(?:apps\/v1:StatefulSet|core\/v1:Namespace)|(?:\+-|--|\+\+) *kubernetes:core\/v1:PersistentVolumeClaim): .*\n *\[id=(.*?)\]/gm

/** A stack on a cluster that is changed by commits alone. */
export class Operated extends OnCluster {
  /** The image of the runtime that the pipeline deploys. */
  image: string
  /** What the preview of each commit has shown. */
  readonly previews: string[] = []
  readonly #pipeline: LocalPipeline

  constructor(pipeline: LocalPipeline, namespace: string, image: string) {
    super(namespace)
    this.#pipeline = pipeline
    this.image = image
  }

  /** A commit, and what the pipeline does with it. */
  async change(message: string, changes: Groups): Promise<void> {
    await this.#deploy(await this.#pipeline.commit(message, changes))
  }

  async changeSecret(message: string, key: string, value: string): Promise<void> {
    await this.#deploy(await this.#pipeline.commitSecret(message, key, value))
  }

  /** The last commit of the project, instead of an older one. */
  async upgrade(image: string): Promise<void> {
    this.image = image
    await this.#deploy(await this.#pipeline.upgrade('The next release'))
  }

  /** What an `up` of the last commit would still do. */
  preview(): Promise<string> {
    return this.#pipeline.preview()
  }

  /** The ids of what holds data and is replaced or deleted by a commit, as its preview says. */
  get removed(): readonly string[] {
    return this.previews.flatMap((preview) => [...preview.matchAll(REMOVED)].map(([, id = '']) => id))
  }

  async #deploy(commit: string): Promise<void> {
    this.previews.push(await this.#pipeline.deploy(commit, this.image))
  }
}
