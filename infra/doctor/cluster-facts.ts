import type { V1NodeSelectorTerm, V1PodAffinityTerm, V1Taint } from '@kubernetes/client-node'
import type { Amounts } from './quantity.ts'

type Labels = Readonly<Record<string, string>>

export interface NodeFact {
  readonly name: string
  readonly labels: Labels
  readonly taints: readonly V1Taint[]
  readonly unschedulable: boolean
  readonly allocatable: Amounts
  /** Maximum number of pods. */
  readonly pods: number
}

/** A pod that runs, or is to run, on a node. */
export interface PodFact {
  readonly name: string
  readonly namespace: string
  readonly node: string
  readonly labels: Labels
  readonly requests: Amounts
  /** Pods that it must not share a machine or zone with. */
  readonly apartFrom: readonly V1PodAffinityTerm[]
}

export interface StorageClassFact {
  readonly name: string
  readonly isDefault: boolean
  readonly allowsExpansion: boolean
  readonly bindsImmediately: boolean
}

/** A claim that exists. */
export interface ClaimFact {
  readonly name: string
  /** Where its volume can be attached; nothing where it can be anywhere, or has no volume yet. */
  readonly terms?: readonly V1NodeSelectorTerm[]
}

export interface QuotaFact {
  readonly name: string
  readonly hard: Labels
  /** Whether it counts some pods only. */
  readonly scoped: boolean
}

export interface LimitFact {
  readonly name: string
  /** `Container`, `Pod` or `PersistentVolumeClaim`. */
  readonly type: string
  readonly min: Labels
  readonly max: Labels
}

/** What the doctor knows of a cluster. A part that the user may not read is omitted. */
export interface ClusterFacts {
  /** As `1.33.4`. */
  readonly version: string
  readonly nodes?: readonly NodeFact[]
  /** Of all namespaces, without those that have ended. */
  readonly pods?: readonly PodFact[]
  readonly storageClasses?: readonly StorageClassFact[]
  readonly ingressClasses?: readonly { readonly name: string; readonly isDefault: boolean }[]
  /** Kinds that are served, as `monitoring.coreos.com/v1/PodMonitor`, for the groups that were asked for. */
  readonly kinds?: readonly string[]
  /** Groups that are served, as `metrics.k8s.io`. */
  readonly groups?: readonly string[]
  /** Names of all namespaces. */
  readonly namespaces?: readonly string[]
  /** The namespace of the stack; `null` if there is none. */
  readonly namespace?: {
    readonly labels: Labels
    readonly terminating: boolean
    /** Whether a stack of this project is in it, or what one has left. */
    readonly hasStack: boolean
  } | null
  readonly quotas?: readonly QuotaFact[]
  readonly limits?: readonly LimitFact[]
  readonly claims?: readonly ClaimFact[]
  /** Names of all persistent volumes. */
  readonly volumes?: readonly string[]
  /** What the user may not do, as `create statefulsets.apps`. */
  readonly denied?: readonly string[]
}

/** The parts that a user may not be allowed to read. */
export type Part = Exclude<keyof ClusterFacts, 'version'>
