import type { Groups, LocalPipeline } from '../support/local-pipeline.ts'
import { OnCluster } from '../support/on-cluster.ts'

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

  async #deploy(commit: string): Promise<void> {
    this.previews.push(await this.#pipeline.deploy(commit, this.image))
  }
}
