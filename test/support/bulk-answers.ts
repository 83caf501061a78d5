/** A class of answer that Elasticsearch 9.2 can give to a bulk, and what happens to the operation. */
export interface BulkAnswer {
  readonly what: string
  readonly status: number
  /** The `type` of the error; empty where there is none. */
  readonly type: string
  /** Class and method of Elasticsearch 9.2.0 that answer so; empty for a proxy. */
  readonly source: string
  readonly done: 'stored' | 'duplicate' | 'superseded' | 'dead letter' | 'waits' | 'waits, fewer bulks'
}

const bulk = (method: string) => `BulkOperation.${method}`
const CREATE = 'MetadataCreateIndexService.'
const PARSE = 'DocumentParser.parseDocument'
const LINES = 'BulkRequestParser'

/** What a real server is brought to answer. */
export const provoked = {
  created: { what: 'new', status: 201, type: '', source: 'TransportShardBulkAction.onComplete', done: 'stored' },
  duplicate: {
    what: 'event id that exists',
    status: 409,
    type: 'version_conflict_engine_exception',
    source: 'InternalEngine.planIndexingAsPrimary',
    done: 'duplicate',
  },
  superseded: {
    what: 'state older than the one that exists',
    status: 409,
    type: 'version_conflict_engine_exception',
    source: 'InternalEngine.planIndexingAsPrimary',
    done: 'superseded',
  },
  strict: {
    what: 'field that no release writes',
    status: 400,
    type: 'strict_dynamic_mapping_exception',
    source: PARSE,
    done: 'dead letter',
  },
  wrongType: {
    what: 'value that its field cannot take',
    status: 400,
    type: 'document_parsing_exception',
    source: PARSE,
    done: 'dead letter',
  },
  tooDeep: {
    what: 'properties nested deeper than 20',
    status: 400,
    type: 'document_parsing_exception',
    source: 'FlattenedFieldParser.parse',
    done: 'dead letter',
  },
  immenseKey: {
    what: 'key longer than 32,766 bytes',
    status: 400,
    type: 'document_parsing_exception',
    source: 'FlattenedFieldParser.parse',
    done: 'dead letter',
  },
  malformedDocument: {
    what: 'document that is not JSON',
    status: 400,
    type: 'document_parsing_exception',
    source: PARSE,
    done: 'dead letter',
  },
  malformedAction: {
    what: 'action that is not JSON: the whole request',
    status: 400,
    type: 'x_content_parse_exception',
    source: `${LINES}.parse`,
    done: 'dead letter',
  },
  longId: {
    what: '`_id` longer than 512 bytes: the whole request',
    status: 400,
    type: 'action_request_validation_exception',
    source: 'DocWriteRequest.validateDocIdLength',
    done: 'dead letter',
  },
  writeBlock: {
    what: 'index with a write block',
    status: 403,
    type: 'cluster_block_exception',
    source: 'TransportReplicationAction.blockExceptions',
    done: 'waits',
  },
  readOnlyIndex: {
    what: 'index that is read-only',
    status: 403,
    type: 'cluster_block_exception',
    source: 'TransportReplicationAction.blockExceptions',
    done: 'waits',
  },
  readOnlyCluster: {
    what: 'cluster that is read-only',
    status: 403,
    type: 'cluster_block_exception',
    source: 'TransportReplicationAction.blockExceptions',
    done: 'waits',
  },
  floodStage: {
    what: 'full disk: index that is read-only except for deletions',
    status: 429,
    type: 'cluster_block_exception',
    source: 'ClusterBlockException.status',
    done: 'waits, fewer bulks',
  },
  closed: {
    what: 'closed index',
    status: 400,
    type: 'index_closed_exception',
    source: bulk('addFailureIfIndexIsClosed'),
    done: 'waits',
  },
  noAutoCreate: {
    what: 'missing index where none is made by itself',
    status: 404,
    type: 'index_not_found_exception',
    source: 'AutoCreateIndex.shouldAutoCreate',
    done: 'waits',
  },
  shardLimit: {
    what: 'new index over the limit of shards',
    status: 400,
    type: 'validation_exception',
    source: 'ShardLimitValidator.validateShardLimit',
    done: 'waits',
  },
  invalidName: {
    what: 'index name that is not allowed',
    status: 400,
    type: 'invalid_index_name_exception',
    source: `${CREATE}validateIndexName`,
    done: 'waits',
  },
  aliasWithoutIndex: {
    what: 'alias of several indices, none of them to write to',
    status: 400,
    type: 'illegal_argument_exception',
    source: 'IndexNameExpressionResolver.concreteIndices',
    done: 'waits',
  },
  missingPipeline: {
    what: 'index whose pipeline is missing',
    status: 400,
    type: 'illegal_argument_exception',
    source: 'IngestService.executePipelines',
    done: 'waits',
  },
  routing: {
    what: 'index that asks for a routing',
    status: 400,
    type: 'routing_missing_exception',
    source: 'IndexRouting.checkRoutingRequired',
    done: 'waits',
  },
  otherMapping: {
    what: 'index with a strict mapping that lacks fields',
    status: 400,
    type: 'strict_dynamic_mapping_exception',
    source: PARSE,
    done: 'waits',
  },
  guessedMapping: {
    what: 'index whose mapping was guessed from other documents',
    status: 400,
    type: 'document_parsing_exception',
    source: PARSE,
    done: 'waits',
  },
  noPrimary: {
    what: 'primary shard without a node',
    status: 503,
    type: 'unavailable_shards_exception',
    source: 'TransportReplicationAction.ReroutePhase.retryBecauseUnavailable',
    done: 'waits',
  },
  forbidden: {
    what: 'user without the right',
    status: 403,
    type: 'security_exception',
    source: 'AuthorizationService.authorizeBulkItems',
    done: 'waits',
  },
  unknownUser: {
    what: 'wrong password: the whole request',
    status: 401,
    type: 'security_exception',
    source: 'DefaultAuthenticationFailureHandler',
    done: 'waits',
  },
} as const satisfies Record<string, BulkAnswer>

/** What a server of one node without ingest cannot be brought to; a script answers with the body that Elasticsearch has for it. */
export const scripted = {
  pressure: {
    what: 'write queue or indexing pressure',
    status: 429,
    type: 'es_rejected_execution_exception',
    source: 'IndexingPressure.markPrimaryOperationStarted',
    done: 'waits, fewer bulks',
  },
  breaker: {
    what: 'circuit breaker: the whole request',
    status: 429,
    type: 'circuit_breaking_exception',
    source: 'HierarchyCircuitBreakerService',
    done: 'waits, fewer bulks',
  },
  fullShard: {
    what: 'shard with the maximum number of documents',
    status: 400,
    type: 'illegal_argument_exception',
    source: 'InternalEngine.tryAcquireInFlightDocs',
    done: 'waits',
  },
  immenseTerm: {
    what: 'term that Lucene refuses, under a mapping that is not ours',
    status: 400,
    type: 'illegal_argument_exception',
    source: 'InternalEngine.indexIntoLucene',
    done: 'waits',
  },
  pipelineFails: {
    what: 'pipeline that fails for every document',
    status: 400,
    type: 'ingest_processor_exception',
    source: 'IngestService.executePipelines',
    done: 'waits',
  },
  pipelineRefuses: {
    what: 'pipeline that fails for this document',
    status: 400,
    type: 'ingest_processor_exception',
    source: 'IngestService.executePipelines',
    done: 'dead letter',
  },
  pipelineDrops: {
    what: 'pipeline that fails for this document and drops the others',
    status: 400,
    type: 'ingest_processor_exception',
    source: 'IngestService.executePipelines',
    done: 'waits',
  },
  internal: {
    what: 'fault of the server at every document',
    status: 500,
    type: 'null_pointer_exception',
    source: 'ExceptionsHelper.status',
    done: 'waits',
  },
  stumbles: {
    what: 'fault of the server at this document alone',
    status: 500,
    type: 'null_pointer_exception',
    source: 'ExceptionsHelper.status',
    done: 'dead letter',
  },
  noMaster: {
    what: 'no master when an index is to be made',
    status: 503,
    type: 'master_not_discovered_exception',
    source: 'TransportMasterNodeAction.AsyncSingleAction',
    done: 'waits',
  },
  busyMaster: {
    what: 'master that is too busy to make an index',
    status: 503,
    type: 'process_cluster_event_timeout_exception',
    source: 'TransportBulkAction.createIndex',
    done: 'waits',
  },
  notRecovered: {
    what: 'state of the cluster not recovered: the whole request',
    status: 503,
    type: 'cluster_block_exception',
    source: bulk('handleBlockExceptions'),
    done: 'waits',
  },
  mediaType: {
    what: 'node of another major version, or a proxy: every request',
    status: 400,
    type: 'media_type_header_exception',
    source: 'RestRequest.parseContentType',
    done: 'waits',
  },
  tooLarge: {
    what: 'request over the limit of Elasticsearch or of a proxy, of one operation',
    status: 413,
    type: '',
    source: 'Netty4HttpContentSizeHandler',
    done: 'dead letter',
  },
  tooLargeAll: {
    what: 'proxy that refuses every request so',
    status: 413,
    type: '',
    source: '',
    done: 'waits',
  },
  gateway: { what: 'proxy without a server: the whole request', status: 502, type: '', source: '', done: 'waits' },
} as const satisfies Record<string, BulkAnswer>
