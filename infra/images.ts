import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import * as docker from '@pulumi/docker'
import { ComponentResource, type ComponentResourceOptions, type Input, output } from '@pulumi/pulumi'
import { withDefaults } from './config/defaults.ts'
import type { GroupOf } from './config/read.ts'

export interface ImagesArgs {
  /**
   * `build`: from `runtime/`, by the Docker engine of this machine. `prebuilt`: `runtime` names an image that a pipeline has built.
   *
   * @default 'build'
   */
  readonly mode?: 'build' | 'prebuilt'
  /**
   * Where a built image is pushed, `registry/name`. Not pushed when empty: the nodes must share the Docker engine then.
   *
   * @default ''
   */
  readonly repository?: string
  /** The prebuilt image of API and worker, best by digest. @default '' */
  readonly runtime?: string
  /** Image of Pulsar. @default 'apachepulsar/pulsar:4.0.6' */
  readonly pulsar?: string
  /** Image of Elasticsearch. @default 'docker.elastic.co/elasticsearch/elasticsearch:9.2.0' */
  readonly elasticsearch?: string
  /** Folder of a checkout of this project, which is the context of the build. */
  readonly root: string
  /** What the names of the resources begin with. @default the name of the component and `-` */
  readonly prefix?: string
}

/** Name of a built image where it is not pushed. */
const LOCAL_NAME = 'tracardi-at-scale'

/** What the image is made of, from the folder of the project. The Dockerfile's `.dockerignore` lets in no more. */
const CONTENT = ['package.json', 'package-lock.json', '.npmrc', '.dockerignore', 'runtime']

/** The images that the pods run. API, workers and set-up share one, built from `runtime/` or prebuilt. */
export class Images extends ComponentResource {
  readonly runtime: Input<string>
  readonly pulsar: string
  readonly elasticsearch: string

  constructor(name: string, args: ImagesArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:index:Images', name, {}, opts)
    const { root, prefix = `${name}-` } = args
    const config = withDefaults(name, 'images', args)
    this.pulsar = config.pulsar
    this.elasticsearch = config.elasticsearch
    this.runtime = config.mode === 'prebuilt' ? config.runtime : this.build(`${prefix}runtime`, config, root)
    this.registerOutputs({ runtime: this.runtime })
  }

  private build(name: string, { repository }: GroupOf<'images'>, root: string): Input<string> {
    const pushed = repository !== ''
    const imageName = `${pushed ? repository : LOCAL_NAME}:${contentTag(root)}`
    const image = new docker.Image(
      name,
      {
        imageName,
        // Relative, because an absolute path would differ from machine to machine, and with it the image.
        build: {
          context: relative(process.cwd(), root) || '.',
          dockerfile: join(relative(process.cwd(), root), 'runtime/Dockerfile'),
        },
        skipPush: !pushed,
      },
      { parent: this },
    )
    // A pushed image is used by digest. One that stays in the engine of the node has none there; its tag is its content.
    return pushed ? image.repoDigest : output(image.imageName)
  }
}

/** A tag from the content of everything that the image is made of: the same files give the same tag, on every machine. */
export function contentTag(root: string): string {
  const hash = createHash('sha256')
  for (const file of contentFiles(root)) {
    const bytes = readFileSync(join(root, file))
    hash.update(`${file}:${bytes.length}:`).update(bytes)
  }
  return `content-${hash.digest('hex').slice(0, 20)}`
}

function contentFiles(root: string): readonly string[] {
  return CONTENT.flatMap((entry) => {
    const path = join(root, entry)
    try {
      return readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((file) => file.isFile())
        .map((file) => relative(root, join(file.parentPath, file.name)))
        .filter((file) => !file.split(sep).includes('node_modules'))
        .map((file) => file.split(sep).join('/'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return [entry]
      throw error
    }
  }).sort()
}
