import type { Place } from '../state.ts'

/** A command of the pipeline, as it is called where the programs run. */
export function pipelineCommand({ isInPods }: Place, command: string): string {
  return isInPods ? `kubectl exec deploy/api -- node runtime/cli.ts ${command}` : `npm run cli -- ${command}`
}

/** @param path with its first slash. */
export function askElasticsearch({ elasticHost }: Place, path: string): string {
  return `curl -s '${elasticHost}${path}'`
}

/** @param settings in the names of Elasticsearch; `null` resets one. */
export function setIndex({ elasticHost }: Place, index: string, settings: Readonly<Record<string, null>>): string {
  return `curl -s -X PUT '${elasticHost}/${index}/_settings' -H 'content-type: application/json' -d '${JSON.stringify(settings)}'`
}

export function askPulsar({ pulsarApi }: Place, path: string): string {
  return `curl -s '${pulsarApi}/admin/v2${path}'`
}
