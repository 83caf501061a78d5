import { execFileSync } from 'node:child_process'
import { mkdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { findBrowser } from './find-browser.ts'

/** A Chromium for Linux inside of an npm package, for machines that have no browser. */
const PACKAGED = { name: '@sparticuz/chromium', version: '153.0.0' } as const

export interface BrowserOptions {
  readonly executablePath: string
  readonly env: Record<string, string>
}

/**
 * How the tests start their browser: the one of this machine, otherwise one from an npm package.
 *
 * @throws Error which says how to get one.
 */
export async function browserOptions(): Promise<BrowserOptions> {
  // Chromium ends at the first page where the language of the machine is `C`.
  return { executablePath: await browserPath(), env: { ...process.env, LANG: 'en_US.UTF-8' } as Record<string, string> }
}

async function browserPath(): Promise<string> {
  const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
  const found = findBrowser({ env: process.env, isFile })
  if (found) return found
  try {
    return await installPackaged()
  } catch (cause) {
    throw new Error(
      'The browser tests need Chromium or Chrome, and none was found. Install it (Debian, Ubuntu: apt-get install chromium; ' +
        'macOS: brew install --cask chromium), or name one that you have: CHROMIUM=/path/to/chrome npm run test:browser',
      { cause },
    )
  }
}

async function installPackaged(): Promise<string> {
  if (process.platform !== 'linux') throw new Error(`${PACKAGED.name} is for Linux`)
  const folder = join(homedir(), '.cache', 'tracardi-at-scale', `chromium-${PACKAGED.version}`)
  mkdirSync(folder, { recursive: true })
  const packageName = `${PACKAGED.name}@${PACKAGED.version}`
  process.stderr.write(`No browser was found: installing ${packageName}\n`)
  execFileSync('npm', ['install', '--no-save', '--prefix', folder, packageName], { stdio: 'inherit' })
  const entry = join(folder, 'node_modules', PACKAGED.name, 'build', 'index.js')
  const { default: packaged } = (await import(pathToFileURL(entry).href)) as {
    default: { executablePath(): Promise<string> }
  }
  return packaged.executablePath()
}
