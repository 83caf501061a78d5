/** A finding of a linter that stays, and why. */
export interface Waiver {
  readonly linter: 'checkov' | 'kube-score'
  readonly check: string
  /** Names of the objects that it is found in. */
  readonly objects: RegExp
  readonly reason: string
}

const SERVERS = /^(zookeeper|bookkeeper|autorecovery|broker|pulsar-|elasticsearch-)/
/** What runs the project's own image. */
const OWN = /^(api|worker|budget-keeper|set-up-|image-check-)/
const PINNED =
  'images are named by digest or by version and do not change under their name; `Always` would keep a pod from coming back while the registry is down'
const OFFICIAL_USER =
  'the official images of Elasticsearch (user 1000) and Pulsar (user 10000, group 0) own their files by these, and are not rebuilt here'

const ENDS = 'the pod starts the image once and ends: it serves nobody, and nothing has to restart it'

export const WAIVERS: readonly Waiver[] = [
  { linter: 'checkov', check: 'CKV_K8S_15', objects: SERVERS, reason: PINNED },
  { linter: 'checkov', check: 'CKV_K8S_15', objects: OWN, reason: PINNED },
  {
    linter: 'checkov',
    check: 'CKV_K8S_43',
    objects: OWN,
    reason:
      'in the stack dev the image stays in the engine of the node, which has no digest of it; its tag is made of its content',
  },
  { linter: 'checkov', check: 'CKV_K8S_40', objects: /^elasticsearch-/, reason: OFFICIAL_USER },
  {
    linter: 'checkov',
    check: 'CKV_K8S_43',
    objects: SERVERS,
    reason:
      'the servers are named by version, so that a person can read it; `images.pulsar` and `images.elasticsearch` take a digest',
  },
  { linter: 'checkov', check: 'CKV_K8S_8', objects: /^image-check-/, reason: ENDS },
  { linter: 'checkov', check: 'CKV_K8S_9', objects: /^image-check-/, reason: ENDS },
  { linter: 'kube-score', check: 'container-image-pull-policy', objects: /./, reason: PINNED },
  { linter: 'kube-score', check: 'container-security-context-user-group-id', objects: SERVERS, reason: OFFICIAL_USER },
  {
    linter: 'kube-score',
    check: 'pod-probes-identical',
    objects: /^autorecovery$/,
    reason: 'it serves nobody; both probes ask its own HTTP server, which depends on nothing else',
  },
  {
    linter: 'kube-score',
    check: 'deployment-replicas',
    objects: /^(api|worker)$/,
    reason: 'the stack dev has one of each',
  },
  {
    linter: 'kube-score',
    check: 'deployment-replicas',
    objects: /^budget-keeper$/,
    reason: 'two would do the same work; while it is down, the budgets stay as they are',
  },
  {
    linter: 'kube-score',
    check: 'pod-probes-identical',
    objects: /^budget-keeper$/,
    reason: 'it serves nobody; both probes ask whether it still works',
  },
  {
    linter: 'kube-score',
    check: 'deployment-targeted-by-hpa-does-not-have-replicas-configured',
    objects: /^api$/,
    reason: 'the count is the one to begin with; Pulumi leaves it alone afterwards (`ignoreChanges`)',
  },
]
