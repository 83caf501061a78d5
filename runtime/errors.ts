/** What may go wrong, once: whether trying again can help, and what the reader is to do. `docs/errors.md` is compared with it. */
export const errorCodes = {
  config_invalid: { retryable: false, remedy: 'Correct the environment variables that the message lists.' },
  sources_invalid: {
    retryable: false,
    remedy: 'Correct the sources file. A start fails until then; an API that runs keeps the last good one.',
  },
  queue_unavailable: { retryable: true, remedy: 'Wait for Pulsar to come back; callers get 503 with `Retry-After`.' },
  queue_not_read: {
    retryable: true,
    remedy:
      'Do what the text says. Until then callers get 503 with the reason: events published now might never be read, or be dropped.',
  },
  queue_not_ready: {
    retryable: true,
    remedy:
      'Wait until Pulsar has started, and run `set-up` again; a cluster needs `pulsar initialize-cluster-metadata` once.',
  },
  queue_exclusive: {
    retryable: true,
    remedy: 'Stop the other consumer: the subscription must be of the type Shared, for all workers.',
  },
  queue_quota: {
    retryable: true,
    remedy: 'Bring the workers back, or raise the backlog quota. No waiting event is dropped.',
  },
  queue_refused: {
    retryable: false,
    remedy:
      'Read the reason of the broker in the log: authentication, authorisation, or a message too large. Until then callers get 503.',
  },
  queue_admin: { retryable: true, remedy: 'Check PULSAR_API, the token, and the log of the broker.' },
  topic_not_found: { retryable: false, remedy: 'Check the names in the path, or run `set-up`.' },
  native_transport_missing: {
    retryable: false,
    remedy: 'Install `pulsar-client` with its binary, or set PULSAR_TRANSPORT to auto or websocket.',
  },
  lines_freed: {
    retryable: true,
    remedy: 'A fault of this program: please report it. Nothing is lost, the message stays unacknowledged.',
  },
  message_malformed: {
    retryable: false,
    remedy: 'The message goes to the dead-letter topic; look at it with `dead-letters list`.',
  },
  dead_letters_busy: { retryable: true, remedy: 'Wait until the other consumer has finished with the dead letters.' },
  live_busy: { retryable: true, remedy: 'Look with a filter that somebody watches already, or end another `tail`.' },
  search_unavailable: {
    retryable: true,
    remedy: 'Check ELASTIC_HOST, the credentials, and the state of Elasticsearch.',
  },
  snapshot_unusable: {
    retryable: false,
    remedy: 'Read the reason: `snapshots list` shows which snapshots there are, and what is wrong with them.',
  },
  set_up_missing: { retryable: true, remedy: 'Run `set-up` with the same configuration.' },
  set_up_failed: {
    retryable: true,
    remedy: 'Read the log of the broker for what it refused, and run `set-up` again.',
  },
  run_unclear: {
    retryable: false,
    remedy: 'Name a run with --run <pid, home folder or public port>, or name the servers in the environment.',
  },
  local_run: { retryable: false, remedy: 'Do what the message says and start again.' },
  command_invalid: { retryable: false, remedy: 'See `--help` of the command.' },
  api_unavailable: {
    retryable: true,
    remedy: 'Check that the API runs, and that the URL is that of the listener which the text names.',
  },
  api_refused: {
    retryable: false,
    remedy: 'Correct what the text names: the token of the operators, the source, or its secret.',
  },
  targets_differ: {
    retryable: false,
    remedy:
      'Name the target and the servers of the same pipeline: with --run, or with --target and PULSAR_HOST, PULSAR_API and ELASTIC_HOST.',
  },
  call_refused: {
    retryable: true,
    remedy: 'Read the answer. Where it has `Retry-After`, send the call again after that time, with the same ids.',
  },
  call_faulty: { retryable: false, remedy: 'Correct each fault that the answer lists, and send the call again.' },
  not_observed: { retryable: true, remedy: 'Reload the console; the log of the API has the cause.' },
  stack_config_invalid: {
    retryable: false,
    remedy: 'Correct each key that the message lists; `docs/stack-configuration.md` has what is allowed.',
  },
  change_refused: {
    retryable: false,
    remedy: 'Revert the change, or first do what the message asks for. Nothing was changed.',
  },
  cluster_unreachable: {
    retryable: true,
    remedy: 'Check the kubeconfig, `platform.context`, and whether the API server answers: `kubectl version`.',
  },
  roll_out_stopped: {
    retryable: true,
    remedy:
      'Do what the reason asks for (docs/operations.md, "A rollout stops"), and run `pulumi up` again: it continues from there.',
  },
  deployment_refused: { retryable: false, remedy: 'Do what the message says, and run the workflow again.' },
  tool_failed: { retryable: true, remedy: 'Read what Pulumi, git or GitHub answered, and run the command again.' },
} as const satisfies Record<string, { retryable: boolean; remedy: string }>

export type ErrorCode = keyof typeof errorCodes

/** Every error that the project throws on purpose is one of these. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly context: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; context?: Record<string, unknown> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.context = options.context ?? {}
  }

  get retryable(): boolean {
    return errorCodes[this.code].retryable
  }
}

/** The message of anything that was thrown, with the chain of its causes. A cause with the same text is omitted. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const text = thrown.message || (thrown as NodeJS.ErrnoException).code || thrown.name
  const cause = thrown.cause === undefined ? text : messageOf(thrown.cause)
  return cause === text ? text : `${text}: ${cause}`
}

/** A fault as a record of the log. */
export interface ErrorRecord {
  /** The class, as `AppError` or `TypeError`. */
  readonly type: string
  /** One of `errorCodes`, or the code of Node.js or of a library, as `ECONNREFUSED`. */
  readonly code?: string
  readonly message: string
  /** The facts that the message was made from. */
  readonly context?: Readonly<Record<string, unknown>>
  /** Only of faults that were not thrown on purpose. */
  readonly stack?: string
  readonly cause?: ErrorRecord
}

/** Longer chains of causes are cut. */
const MAX_CAUSES = 5

/** Anything that was thrown, with its code and context and the chain of its causes. */
export function errorRecord(thrown: unknown, depth = 0): ErrorRecord {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: String(thrown) }
  const { code } = thrown as NodeJS.ErrnoException
  const isOnPurpose = thrown instanceof AppError
  const hasContext = isOnPurpose && Object.keys(thrown.context).length > 0
  const cause = thrown.cause === undefined || depth >= MAX_CAUSES ? undefined : errorRecord(thrown.cause, depth + 1)
  return {
    type: thrown.name,
    ...(code === undefined ? {} : { code: String(code) }),
    message: thrown.message,
    ...(hasContext ? { context: thrown.context } : {}),
    ...(isOnPurpose || thrown.stack === undefined ? {} : { stack: thrown.stack }),
    ...(cause === undefined ? {} : { cause }),
  }
}

/** The report of a failed command: the code, the message and what to do. For an unexpected error, the stack. */
export function explain(thrown: unknown): string {
  if (!(thrown instanceof AppError)) return `error: ${thrown instanceof Error ? thrown.stack : String(thrown)}`
  return `${thrown.code}: ${messageOf(thrown)}\n${remedyOf(thrown)}`
}

/** What to do about a fault; `undefined` of one that was not thrown on purpose. */
export function remedyOf(thrown: unknown): string | undefined {
  return thrown instanceof AppError ? errorCodes[thrown.code].remedy : undefined
}
