/** A folder of the source: what is in it, and what it may import besides itself. */
export interface Room {
  readonly what: string
  /** Folders next to it, `.` for the files at the top, or paths from the top of the repository. */
  readonly mayImport: readonly string[]
}

export type Rooms = Readonly<Record<string, Room>>

/** The programs. Each room may also import the files at the top of `runtime/`. */
export const RUNTIME: Rooms = {
  api: { what: 'accepts calls and publishes their events', mayImport: ['queue', 'search'] },
  telemetry: {
    what: 'reading metrics, counters across restarts, instances, bottlenecks, formats of numbers',
    mayImport: [],
  },
  queue: { what: 'one interface, two transports, the admin API of Pulsar, the backlog', mayImport: ['telemetry'] },
  worker: {
    what: 'lanes, pool, bulk requests, outcomes, settlement of messages',
    mayImport: ['queue', 'search'],
  },
  search: { what: 'documents, templates, indices, bulk requests and their faults', mayImport: [] },
  console: {
    what: 'the page for operators: figures and advice; `page/` is served as it is',
    mayImport: ['queue', 'search', 'telemetry'],
  },
  canary: { what: 'one synthetic event a minute, from the public address to a search', mayImport: ['search'] },
  tracing: { what: 'export of spans by OTLP; loaded only where it is configured', mayImport: [] },
  tracker: { what: 'the browser library; `npm run tracker` writes the served files', mayImport: [] },
  programs: {
    what: 'the programs of the images',
    mayImport: ['api', 'worker', 'canary', 'console', 'queue', 'search', 'tracing'],
  },
  backup: { what: 'snapshots, their restore, and whether Pulsar keeps the gap', mayImport: ['queue', 'search'] },
  replay: { what: 'stores again what Pulsar keeps', mayImport: ['queue', 'search', 'worker'] },
  rollout: {
    what: 'restarts the pods of servers that hold data, each when the servers allow it',
    mayImport: ['search'],
  },
  drain: { what: 'empties servers that hold data before they go, and verifies it', mayImport: ['search', 'telemetry'] },
  erasure: { what: 'deletes everything of one profile', mayImport: ['queue', 'replay', 'search'] },
  sdk: { what: 'what programs send events with; a package of its own', mayImport: [] },
  send: { what: 'sends events of a file, or generated ones', mayImport: ['sdk'] },
  'load-test': {
    what: 'the load, samples of the platform, and the record of both',
    mayImport: ['queue', 'search', 'sdk', 'send', 'telemetry'],
  },
  commands: {
    what: "the operators' commands",
    mayImport: [
      'api',
      'backup',
      'console',
      'drain',
      'queue',
      'search',
      'send',
      'load-test',
      'replay',
      'rollout',
      'erasure',
      'telemetry',
    ],
  },
  local: { what: 'the run on one machine, and how commands find it', mayImport: ['api', 'telemetry'] },
}

/** What the report of a load test is made from. */
const LOAD_TEST_RECORD = [
  'runtime/load-test/record.ts',
  'runtime/load-test/summary.ts',
  'runtime/telemetry/bottlenecks.ts',
  'runtime/telemetry/format.js',
]

/** The settings of the programs, and the names that follow from them. Both are pure. */
const SETTINGS = ['runtime/config.ts', 'runtime/names.ts']

/** Errors have one base and one table of codes. */
const ERRORS = 'runtime/errors.ts'

/** The infrastructure. Of the programs it knows the settings and, to start it, the run on one machine. */
export const INFRA: Rooms = {
  config: {
    what: "the schema of a stack's configuration, its rules, its plan",
    mayImport: ['sizing', ERRORS, 'runtime/config.ts'],
  },
  sizing: { what: 'every count and disk from the load, with the reason; pure', mayImport: [] },
  kubernetes: { what: 'builders of pods, sets, claims, probes; the table of tiers', mayImport: ['config'] },
  safety: { what: 'the guard: what no change may do', mayImport: ['config', 'kubernetes', ERRORS] },
  network: { what: 'connections and network policies', mayImport: ['kubernetes'] },
  pulsar: { what: 'the components of Pulsar', mayImport: ['config', 'kubernetes', 'safety'] },
  elasticsearch: {
    what: 'the components of Elasticsearch',
    mayImport: ['config', 'kubernetes', 'safety', ...SETTINGS],
  },
  runtime: {
    what: 'API, workers, set-up Job',
    mayImport: ['config', 'sizing', 'kubernetes', 'pulsar', 'elasticsearch', ...SETTINGS],
  },
  observability: {
    what: 'PodMonitors, alerts, dashboards',
    mayImport: ['config', 'kubernetes', 'elasticsearch', ...SETTINGS, 'runtime/telemetry/causes.ts'],
  },
  'load-test': {
    what: 'verdict, coefficients and report of a load test; its Job',
    mayImport: ['sizing', 'config', 'kubernetes', 'pulsar', 'elasticsearch', 'runtime', ...LOAD_TEST_RECORD],
  },
  doctor: { what: 'what a cluster lacks for a stack', mayImport: ['config', 'kubernetes', '.', ERRORS] },
  pipeline: { what: 'whether a commit may replace what a stack runs; pure', mayImport: [ERRORS] },
  commands: {
    what: '`npm start`, `npm run sizing`, `npm run doctor`, `npm run load-test`, and what the workflows ask',
    mayImport: [
      'config',
      'sizing',
      'doctor',
      'pipeline',
      'load-test',
      '.',
      'runtime/config.ts',
      ERRORS,
      'runtime/local/run.ts',
      'runtime/local/command-target.ts',
      'runtime/commands/load-test.ts',
      'runtime/commands/waits.ts',
      ...LOAD_TEST_RECORD,
    ],
  },
}
