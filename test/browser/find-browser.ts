import { delimiter, join } from 'node:path'

/** Where Chromium, or a browser made of it, is looked for. */
export interface Machine {
  /** `CHROMIUM` names one, `PATH` is searched for the usual names. */
  readonly env: Readonly<Record<string, string | undefined>>
  isFile(path: string): boolean
}

const NAMES = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
  'microsoft-edge',
  'chromium.exe',
  'chrome.exe',
  'msedge.exe',
]

/** Where the installers of macOS and Windows put it, outside of `PATH`. */
const USUAL_PLACES = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
]

/**
 * @returns the path of the browser, or `undefined` when there is none.
 * @throws Error when `CHROMIUM` names a missing file.
 */
export function findBrowser({ env, isFile }: Machine): string | undefined {
  const named = env['CHROMIUM']
  if (named) {
    if (isFile(named)) return named
    throw new Error(`CHROMIUM is "${named}", but there is no such file`)
  }
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const inPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))
  return [...inPath, ...USUAL_PLACES].find(isFile)
}
