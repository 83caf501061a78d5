import { lint } from './prose.ts'

/** `npm run prose [file …]`: every flagged sentence of the files that are checked, or of those that are named. */
const flagged = await lint(process.argv.slice(2))
for (const { file, line, says } of flagged) process.stdout.write(`${file}:${line} ${says}\n`)
if (flagged.length > 0) process.exitCode = 1
process.stdout.write(`${flagged.length} flagged\n`)
