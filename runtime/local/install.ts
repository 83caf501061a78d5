import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { AppError } from '../errors.ts'
import { startOf, tail } from './child.ts'
import type { Home } from './home.ts'
import { findJava, type Java } from './java.ts'

export type ServerName = keyof typeof artifacts

export interface InstallOptions {
  /** @default both */
  readonly names?: readonly ServerName[]
  /** The Java that Maven runs on. @default the one that is found */
  readonly java?: Java | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Downloads and unpacks what is missing.
 *
 * @param progress called with a text for each step.
 * @returns the folder of each server.
 * @throws AppError `local_run` when Maven is missing or fails, with Maven's own text.
 */
export async function installServers(
  home: Pick<Home, 'servers'>,
  progress: (text: string) => void,
  options: InstallOptions = {},
): Promise<Record<ServerName, string>> {
  const names = options.names ?? (Object.keys(artifacts) as ServerName[])
  mkdirSync(home.servers, { recursive: true, mode: 0o755 })
  for (const name of names) await installArtifact(home, artifacts[name], progress, options)
  return { pulsar: folderOf(home, artifacts.pulsar), elasticsearch: folderOf(home, artifacts.elasticsearch) }
}

/** The same for one artifact. @returns its folder. */
export async function installArtifact(
  home: Pick<Home, 'servers'>,
  artifact: Artifact,
  progress: (text: string) => void,
  options: InstallOptions = {},
): Promise<string> {
  const folder = folderOf(home, artifact)
  if (!existsSync(folder)) {
    await install(artifact, folder, progress, { ...options, java: options.java ?? (await findJava()) })
  }
  return folder
}

function folderOf(home: Pick<Home, 'servers'>, { name, version }: Artifact): string {
  return join(home.servers, `${name}-${version}`)
}

/** Not the folder where Maven runs, because there the plugin writes marks of its own. */
const CONTENT = 'content'

/** Unpacks into a temporary folder and renames it, so that a folder of that name is always complete. */
async function install(
  artifact: Artifact,
  folder: string,
  progress: (text: string) => void,
  { java, signal }: InstallOptions,
): Promise<void> {
  removeInterrupted(join(folder, '..'))
  const unpacked = `${folder}.unpacking-${process.pid}`
  mkdirSync(unpacked, { recursive: true, mode: 0o755 })
  try {
    await runMaven(artifact, unpacked, progress, java, signal)
    const content = join(unpacked, CONTENT)
    const [only, ...others] = readdirSync(content)
    if (only === undefined || others.length > 0) {
      throw new AppError('local_run', `${artifact.coordinates} does not hold one folder but ${1 + others.length}`)
    }
    // The archive's own modes and our umask may hide files from the user of the servers.
    execFileSync('chmod', ['-R', 'a+rX', join(content, only)])
    // Another process may have been faster; then its folder is as good as ours.
    if (!existsSync(folder)) renameSync(join(content, only), folder)
  } finally {
    rmSync(unpacked, { recursive: true, force: true })
  }
}

async function runMaven(
  artifact: Artifact,
  folder: string,
  progress: (text: string) => void,
  java: Java | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const title = `${artifact.name} ${artifact.version}`
  const args = ['-Dstyle.color=never', `${DEPENDENCY_PLUGIN}:unpack`]
  // Not quiet and not in batch mode: otherwise Maven reports no progress.
  const maven = spawn(
    'mvn',
    [...args, `-Dartifact=${artifact.coordinates}`, `-DoutputDirectory=${join(folder, CONTENT)}`],
    {
      // Neither a project nor a configuration of the folder where we were started shall have a say.
      cwd: folder,
      env: java ? { ...process.env, JAVA_HOME: java.home } : process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A Ctrl-C in the terminal reaches only us, and we pass it on.
      detached: true,
      signal,
      killSignal: 'SIGTERM',
    },
  )
  let output = ''
  const beganAtMs = Date.now()
  const report = (): void => {
    const seconds = Math.round((Date.now() - beganAtMs) / 1000)
    progress(`${title} (${artifact.megabytes} MB): ${mavenProgress(output)}, ${seconds} s`)
  }
  const read = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-KEPT_OUTPUT)
    report()
  }
  // Maven is silent while it looks for a repository, and while it unpacks.
  const timer = setInterval(report, PROGRESS_MS)
  maven.stdout.on('data', read)
  maven.stderr.on('data', read)
  try {
    const [code] = await once(maven, 'close')
    if (code !== 0) throw new AppError('local_run', failedMessage(artifact, output))
  } catch (error) {
    signal?.throwIfAborted()
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new AppError('local_run', missingMessage(artifact))
    throw error
  } finally {
    clearInterval(timer)
  }
}

const PROGRESS_MS = 1000
const KEPT_OUTPUT = 64_000

/** What Maven does at present, in few words: how much of a file it has, or that it unpacks. */
export function mavenProgress(output: string): string {
  const now = output.split(/[\r\n]+/).findLast((line) => /^Progress|Unpacking/.test(line)) ?? ''
  // Smaller files are Maven's own: the plugin and what it needs.
  const amounts = /\d[\d.]*\/\d[\d.]* [MG]B/.exec(now)?.[0]
  if (amounts) return `downloading, ${amounts}`
  return now.startsWith('Progress') || now === '' ? 'asking Maven' : 'unpacking'
}

/** The last errors of Maven in its own words; all of its last lines when it gave none. */
export function mavenErrors(output: string): string[] {
  const lines = output.split(/[\r\n]+/)
  const errors = lines.filter(
    (line) => /^\[(ERROR|FATAL)\]/.test(line) && !/Re-run Maven|\[Help 1\] http|-> \[Help/.test(line),
  )
  const full = lines.filter((line) => /^\[ERROR\] .*-> \[Help/.test(line))
  const said = [...full, ...errors.filter((line) => line.replace(/^\[ERROR\]\s*/, '') !== '')]
  return tail((said.length > 0 ? said : lines).join('\n'), 6)
}

function failedMessage(artifact: Artifact, output: string): string {
  const lines = mavenErrors(output).map((line) => `  ${line}`)
  return [
    `Maven could not download or unpack ${artifact.coordinates}:`,
    ...lines,
    'Check the network and the settings of Maven (mirror, proxy), and start again; what was downloaded is kept.',
  ].join('\n')
}

function missingMessage(artifact: Artifact): string {
  return (
    `Maven (mvn) is not on the PATH; it downloads ${artifact.coordinates} (${artifact.megabytes} MB). ` +
    'Install Maven. `npm start` can also use running servers (PULSAR_HOST, PULSAR_API and ELASTIC_HOST); tests always start their own.'
  )
}

/** Removes what processes that were killed had begun to unpack. */
function removeInterrupted(servers: string): void {
  for (const name of readdirSync(servers)) {
    const pid = /\.unpacking-(\d+)$/.exec(basename(name))?.[1]
    if (pid !== undefined && startOf(Number(pid)) === undefined) rmSync(join(servers, name), { recursive: true })
  }
}

/** A server as Maven Central has it. */
export interface Artifact {
  readonly name: string
  readonly version: string
  /** groupId:artifactId:version:packaging[:classifier], as the dependency plugin takes it. */
  readonly coordinates: string
  readonly megabytes: number
}

/** The only place that says which version of a server the one-machine run and the contract tests use. */
export const artifacts = {
  pulsar: {
    name: 'pulsar',
    version: '4.0.6',
    coordinates: 'org.apache.pulsar:pulsar-server-distribution:4.0.6:tar.gz:bin',
    megabytes: 244,
  },
  elasticsearch: {
    name: 'elasticsearch',
    version: '9.2.0',
    coordinates: 'org.elasticsearch.distribution.integ-test-zip:elasticsearch:9.2.0:zip',
    megabytes: 99,
  },
} as const satisfies Record<string, Artifact>

/** Unpacks as well as it downloads, so neither `tar` nor `unzip` is needed. */
const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1'

const GB = 1_000_000_000

/** Downloads, unpacked servers (0.7 GB) and room for both servers to work: Elasticsearch stops writing below 0.25 GB. */
export const MIN_FREE_BYTES: number = 3 * GB

export function freeDiskBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

/** @throws AppError `local_run` when the disk of the folder is too full to begin. */
export function requireFreeDisk(folder: string, freeBytes: number = freeDiskBytes(folder)): void {
  if (freeBytes >= MIN_FREE_BYTES) return
  throw new AppError(
    'local_run',
    `The disk of ${folder} has ${gigabytes(freeBytes)} GB free; the run needs at least ${gigabytes(MIN_FREE_BYTES)} GB. ` +
      'Free some space, or set TRACARDI_HOME to a folder on another disk.',
    { context: { folder, freeBytes, minFreeBytes: MIN_FREE_BYTES } },
  )
}

/** Rounded down, so that the message never says that there is as much as is needed. */
function gigabytes(bytes: number): string {
  return (Math.floor((bytes / GB) * 10) / 10).toFixed(1)
}
