import { readFileSync } from 'node:fs'

/** The part of a `.cpuprofile` that is read. */
interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface CallFrame {
  readonly functionName: string
  readonly url: string
}

export interface Share {
  readonly where: string
  /** Own time as a share of the time in which the process did something. */
  readonly share: number
}

/** Where a process spent its own time: by function, with the file or package it is of, the most first. */
export function hotSpots(profile: CpuProfile, most: number): Share[] {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]))
  const micros = new Map<string, number>()
  let busy = 0
  for (const [index, id] of profile.samples.entries()) {
    const frame = frames.get(id) as CallFrame
    if (frame.functionName === '(idle)') continue
    const took = profile.timeDeltas[index] ?? 0
    busy += took
    const where = placeOf(frame)
    micros.set(where, (micros.get(where) ?? 0) + took)
  }
  return [...micros]
    .map(([where, took]) => ({ where, share: took / busy }))
    .sort((one, other) => other.share - one.share)
    .slice(0, most)
}

function placeOf({ functionName, url }: CallFrame): string {
  const name = functionName || '(anonymous)'
  if (url === '') return name
  const inPackage = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(url)?.[1]
  const file = /\/(runtime\/.*)$/.exec(url)?.[1]
  return `${name} in ${inPackage ?? file ?? url}`
}

export function readProfile(path: string): CpuProfile {
  return JSON.parse(readFileSync(path, 'utf8')) as CpuProfile
}
