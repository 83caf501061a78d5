import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { AppError } from '../errors.ts'
import { type RunAs, serverUser } from './child.ts'
import type { Environment } from './settings.ts'

/** Elasticsearch 9 is compiled for Java 21. */
const MIN_JAVA_MAJOR = 21

export interface Java {
  /** What JAVA_HOME would be. */
  readonly home: string
  readonly version: string
  readonly major: number
}

/** A `java` program that was looked at: what it is, or why it cannot be run. */
export type TriedJava = { readonly program: string } & ({ readonly java: Java } | { readonly fault: string })

const ANSWER_LIMIT_MS = 15_000

/** Reads what `java -XshowSettings:properties -version` writes to standard error. */
export function parseJava(text: string): Java | undefined {
  const version = /version "([^"]+)"/.exec(text)?.[1]
  const home = /^\s*java\.home = (.+?)\s*$/m.exec(text)?.[1]
  // Java 8 and older call themselves 1.8.
  const major = Number(/^(?:1\.)?(\d+)/.exec(version ?? '')?.[1])
  return version && home && major > 0 ? { home, version, major } : undefined
}

/** The `java` programs worth a look, in the order of preference. */
export function javaCandidates(env: Environment, list: (folder: string) => readonly string[]): string[] {
  const under = (folder: string, rest: string): string[] => list(folder).map((name) => join(folder, name, rest))
  const homes = [
    env['JAVA_HOME'] ?? '',
    ...under('/usr/lib/jvm', ''),
    ...under('/opt', ''),
    ...under(join(env['HOME'] || homedir(), '.sdkman/candidates/java'), ''),
    ...under('/Library/Java/JavaVirtualMachines', 'Contents/Home'),
  ]
  return [...homes.filter((home) => home !== '').map((home) => join(home, 'bin/java')), 'java']
}

/**
 * The first Java that is new enough. Those of `tried` which are no programs at all are not worth a word.
 *
 * @throws AppError `local_run`, which lists what was found instead.
 */
export function chooseJava(tried: readonly TriedJava[]): Java {
  for (const one of tried) {
    if (isGoodEnough(one)) return one.java
  }
  const found = tried.map((one) =>
    'java' in one ? `  ${one.java.version}  ${one.java.home}` : `  ${one.fault}  ${one.program}`,
  )
  throw new AppError(
    'local_run',
    [
      `The servers need a JDK of ${MIN_JAVA_MAJOR} or later. ${found.length > 0 ? 'Found only:' : 'None was found.'}`,
      ...new Set(found),
      `Install a JDK of ${MIN_JAVA_MAJOR} or later, or set JAVA_HOME to one.`,
    ].join('\n'),
  )
}

/** Finds a Java that the servers can use, as the user that they run as. */
export async function findJava(env: Environment = process.env, runAs: RunAs | undefined = serverUser()): Promise<Java> {
  const tried: TriedJava[] = []
  for (const program of javaCandidates(env, listFolder)) {
    // Asked first, because most of the candidates do not exist, and spawning one can throw.
    const one = program === 'java' || existsSync(program) ? await tryJava(program, runAs) : undefined
    if (!one) continue
    tried.push(one)
    if (isGoodEnough(one)) break
  }
  return chooseJava(tried)
}

function isGoodEnough(one: TriedJava): one is TriedJava & { java: Java } {
  return 'java' in one && one.java.major >= MIN_JAVA_MAJOR
}

/** Nothing when there is no such program. */
function tryJava(program: string, runAs: RunAs | undefined): Promise<TriedJava | undefined> {
  const options = { timeout: ANSWER_LIMIT_MS, cwd: '/', ...runAs }
  return new Promise((resolve) => {
    execFile(program, ['-XshowSettings:properties', '-version'], options, (error, _stdout, stderr) => {
      const java = parseJava(stderr)
      const { code } = (error ?? {}) as NodeJS.ErrnoException
      if (java) resolve({ program, java })
      else if (code === 'ENOENT') resolve(undefined)
      else if (code === 'EACCES' && runAs)
        resolve({ program, fault: `closed to user ${runAs.uid}, who runs the servers` })
      else resolve({ program, fault: 'does not run' })
    })
  })
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}
