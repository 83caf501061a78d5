import { execFile } from 'node:child_process'
import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Child, startChild } from './child.ts'
import { basic, SECRET_MODE } from './credentials.ts'
import type { Java } from './java.ts'
import { answersOk, handOver, prepareFolders, type ServerOptions, serverEnvironment, untilReady } from './server.ts'

const READY_LIMIT_MS = 180_000
const STOP_LIMIT_MS = 30_000

export interface ElasticsearchOptions extends ServerOptions {
  readonly httpPort: number
  readonly transportPort: number
  /** Of its only user. @default none: it is open to everybody on this machine */
  readonly password?: string | undefined
  /** Overrides of the node's settings. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
}

export interface ElasticsearchServer extends Child {
  /** For ELASTIC_HOST. */
  readonly url: string
  /** For ELASTIC_HTTP_AUTH_USERNAME and ELASTIC_HTTP_AUTH_PASSWORD; both empty where it asks for none. */
  readonly username: string
  readonly password: string
}

/** The settings of the one node. */
export function nodeSettings(
  httpPort: number,
  transportPort: number,
  dataFolder: string,
  logsFolder: string,
): Record<string, string | number | boolean> {
  return {
    'cluster.name': 'tracardi-at-scale',
    'node.name': 'local',
    'discovery.type': 'single-node',
    'network.host': '127.0.0.1',
    'http.port': httpPort,
    'transport.port': transportPort,
    'path.data': dataFolder,
    'path.logs': logsFolder,
    // Absolute sizes: the defaults are percentages, and a large disk that is 96 % full still has much room.
    'cluster.routing.allocation.disk.watermark.low': '1gb',
    'cluster.routing.allocation.disk.watermark.high': '500mb',
    'cluster.routing.allocation.disk.watermark.flood_stage': '250mb',
  }
}

/** The distribution's options of the JVM without its own log of garbage collections and its heap dumps. */
export function jvmOptions(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^-Xlog:gc|^-XX:\+HeapDump|^-XX:ErrorFile/.test(line))
    .join('\n')
}

/** Everything goes to standard output, which we write to the log. */
const LOGGING = `status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%consoleException%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
`

/** Starts an Elasticsearch of one node, and waits until its shards are assigned. */
export async function startElasticsearch(options: ElasticsearchOptions): Promise<ElasticsearchServer> {
  const { distribution, folder, runAs, httpPort, transportPort, heap = '1g' } = options
  const folders = prepareFolders(folder)
  const closed = options.password !== undefined
  const security = closed ? await closedNodeSettings(folders.conf, options.java) : { 'xpack.security.enabled': false }
  const node = nodeSettings(httpPort, transportPort, folders.data, folders.tmp)
  // JSON is YAML.
  const settings = JSON.stringify({ ...node, ...security, ...options.settings }, null, 2)
  writeFileSync(join(folders.conf, 'elasticsearch.yml'), `${settings}\n`, { mode: SECRET_MODE })
  writeFileSync(join(folders.conf, 'log4j2.properties'), LOGGING)
  const config = join(distribution, 'config')
  writeFileSync(join(folders.conf, 'jvm.options'), jvmOptions(readFileSync(join(config, 'jvm.options'), 'utf8')))
  for (const file of ['roles.yml', 'role_mapping.yml']) copyFileSync(join(config, file), join(folders.conf, file))
  const username = closed ? ELASTIC_USER : ''
  const password = options.password ?? ''
  for (const [file, text] of Object.entries(closed ? userFiles(password) : {})) {
    writeFileSync(join(folders.conf, file), text, { mode: SECRET_MODE })
  }
  handOver(folders, runAs)

  const child = await startChild({
    name: 'Elasticsearch',
    program: join(distribution, 'bin/elasticsearch'),
    args: [],
    cwd: folder,
    env: serverEnvironment({
      ES_JAVA_HOME: options.java.home,
      ES_JAVA_OPTS: `-Xms${heap} -Xmx${heap}`,
      ES_PATH_CONF: folders.conf,
      ES_TMPDIR: folders.tmp,
      // The options of the launcher's own JVM, which only waits for the server.
      CLI_JAVA_OPTS: '-Xmx32m',
    }),
    logFile: options.logFile ?? join(folder, 'server.log'),
    runAs,
    stopLimitMs: STOP_LIMIT_MS,
  })
  options.onStart?.(child)
  const url = `http://127.0.0.1:${httpPort}`
  const health = `${url}/_cluster/health?wait_for_status=yellow&timeout=2s`
  await untilReady(
    child,
    () => answersOk(health, { authorization: basic(username, password) }),
    READY_LIMIT_MS,
    options.signal,
  )
  return { ...child, url, username, password }
}

type Settings = Readonly<Record<string, string | number | boolean>>

/** The only user of the Elasticsearch of a run. */
export const ELASTIC_USER = 'tracardi'

/** What closes the node: it asks for the user of `userFiles`. There is no other realm, and nothing else that logs in. */
const USER_SETTINGS: Settings = {
  'xpack.security.enabled': true,
  'xpack.security.autoconfiguration.enabled': false,
  'xpack.security.enrollment.enabled': false,
  'xpack.security.authc.reserved_realm.enabled': false,
  'xpack.security.authc.api_key.enabled': false,
  'xpack.security.authc.token.enabled': false,
  'xpack.security.authc.realms.native.native1.enabled': false,
  'xpack.security.authc.realms.file.file1.order': 0,
}

/**
 * The settings of a secured node. The transport port accepts only the node itself: its certificate is the only
 * authority, and a new key is made at each start, in the folder of the configuration.
 */
async function closedNodeSettings(confFolder: string, java: Java): Promise<Settings> {
  const keyStore = join(confFolder, 'transport.p12')
  const certificate = join(confFolder, 'transport.pem')
  const password = randomBytes(24).toString('base64url')
  const keytool = async (...args: string[]): Promise<unknown> =>
    promisify(execFile)(
      join(java.home, 'bin/keytool'),
      // The password by the environment, because everybody on the machine can read command lines.
      [...args, '-alias', 'node', '-keystore', keyStore, '-storepass:env', 'STORE_PASSWORD'],
      { env: { STORE_PASSWORD: password } },
    )
  const key = ['-keyalg', 'EC', '-groupname', 'secp256r1', '-dname', 'CN=local', '-validity', '3650']
  await keytool('-genkeypair', '-storetype', 'PKCS12', ...key)
  await keytool('-exportcert', '-rfc', '-file', certificate)
  await chmod(keyStore, SECRET_MODE)
  const ssl = 'xpack.security.transport.ssl'
  return {
    ...USER_SETTINGS,
    [`${ssl}.enabled`]: true,
    [`${ssl}.client_authentication`]: 'required',
    [`${ssl}.verification_mode`]: 'certificate',
    [`${ssl}.keystore.path`]: keyStore,
    [`${ssl}.keystore.password`]: password,
    [`${ssl}.certificate_authorities`]: certificate,
  }
}

/** The files of the file realm in the configuration of the node, by name. */
function userFiles(password: string): Readonly<Record<string, string>> {
  return { users: `${ELASTIC_USER}:${hashed(password)}\n`, users_roles: `superuser:${ELASTIC_USER}\n` }
}

const ITERATIONS = 10_000
const HASH_BYTES = 32

/** A hash as Elasticsearch writes it with `pbkdf2_10000`. */
function hashed(password: string): string {
  const salt = randomBytes(HASH_BYTES)
  const hash = pbkdf2Sync(password, salt, ITERATIONS, HASH_BYTES, 'sha512')
  return `{PBKDF2}${ITERATIONS}$${salt.toString('base64')}$${hash.toString('base64')}`
}
