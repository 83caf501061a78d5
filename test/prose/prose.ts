import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { TextlintKernel } from '@textlint/kernel'
import markdown from '@textlint/textlint-plugin-markdown'
import sentenceLength from 'textlint-rule-sentence-length'
import terminology from 'textlint-rule-terminology'
import { checkedFiles } from './files.ts'
import { proseOf } from './source.ts'
import { VOCABULARY } from './vocabulary.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A sentence longer than this, in characters, makes a reader start again. */
const MAX_SENTENCE = 220

/** Words of a phrase may be on two lines. */
const TERMS = VOCABULARY.map(([pattern, instead]) => [pattern.replaceAll(' ', '\\s'), instead])

export interface Flagged {
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly says: string
}

const kernel = new TextlintKernel()

/** What the rules of the project flag in a text. `ext` says what it is: `.md`, or a kind of source, of which comments and texts count. */
export async function flaggedIn(text: string, file: string): Promise<readonly Flagged[]> {
  const prose = proseOf(text, file)
  const { messages } = await kernel.lintText(prose.text, {
    ext: '.md',
    filePath: file,
    plugins: [{ pluginId: 'markdown', plugin: pluginOf(markdown) }],
    rules: [
      { ruleId: 'terminology', rule: pluginOf(terminology), options: { defaultTerms: false, terms: TERMS } },
      // Tests compare long texts that the code composes of short sentences.
      ...(file.startsWith('test/')
        ? []
        : [{ ruleId: 'sentence-length', rule: pluginOf(sentenceLength), options: { max: MAX_SENTENCE } }]),
    ],
  })
  return messages.map(({ line, message }) => ({
    file,
    line: prose.lineOf(line),
    says: message.replaceAll('\n', ' '),
  }))
}

/** A CommonJS package is the value of `default`, at one or two levels. */
// biome-ignore lint/suspicious/noExplicitAny: the packages type their default export differently
function pluginOf(imported: any): any {
  return imported.default ?? imported
}

export async function lint(files: readonly string[]): Promise<readonly Flagged[]> {
  const checked = files.length > 0 ? files : checkedFiles(root)
  const flagged: Flagged[] = []
  for (const file of checked) flagged.push(...(await flaggedIn(readFileSync(`${root}${file}`, 'utf8'), file)))
  return flagged
}
