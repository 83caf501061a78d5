import ts from 'typescript'

interface Prose {
  /** Markdown: a page as it is, or each comment and text of a source as a paragraph. */
  readonly text: string
  /** The line of the file, for a line of the prose; both from 1. */
  readonly lineOf: (line: number) => number
}

/** Where `npm run docs` writes: those texts are checked in the code that they come from. */
const GENERATED = /<!-- table: [\s\S]*?<!-- end -->/g

const blank = (text: string) => text.replace(/[^\n]/g, '')

export function proseOf(text: string, file: string): Prose {
  if (file.endsWith('.md')) return { text: text.replace(GENERATED, blank), lineOf: (line) => line }
  const paragraphs = file.endsWith('.ts') || file.endsWith('.js') ? paragraphsOf(text) : hashComments(text)
  const lines: string[] = []
  const origins: number[] = []
  for (const { line, says } of paragraphs) {
    for (const [offset, each] of [...says, ''].entries()) {
      lines.push(each)
      origins.push(line + offset)
    }
  }
  return { text: lines.join('\n'), lineOf: (line) => origins[line - 1] ?? line }
}

interface Paragraph {
  readonly line: number
  readonly says: readonly string[]
}

/** Comments of YAML, shell and the like, one paragraph for each run of lines. */
function hashComments(text: string): readonly Paragraph[] {
  return text.split('\n').flatMap((line, index) => {
    const says = /(?:^|\s)#\s+(.*)$/.exec(line)?.[1]
    return says === undefined ? [] : [{ line: index + 1, says: [says] }]
  })
}

const COMMENT = new Set([ts.SyntaxKind.SingleLineCommentTrivia, ts.SyntaxKind.MultiLineCommentTrivia])

function paragraphsOf(text: string): readonly Paragraph[] {
  const source = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true)
  const lineAt = (position: number) => source.getLineAndCharacterOfPosition(position).line + 1
  const found: Paragraph[] = []
  const comments = new Map<number, Paragraph>()
  const commentsOf = (node: ts.Node) => {
    const ranges = [
      ...(ts.getLeadingCommentRanges(text, node.pos) ?? []),
      ...(ts.getTrailingCommentRanges(text, node.end) ?? []),
    ]
    for (const { pos, end, kind } of ranges) {
      if (COMMENT.has(kind)) comments.set(pos, { line: lineAt(pos), says: saidBy(text.slice(pos, end)) })
    }
  }
  const visit = (node: ts.Node): void => {
    commentsOf(node)
    const literal = textOf(node)
    if (literal !== undefined && isSentence(literal)) {
      const line = lineAt(node.getStart(source))
      // Each line for itself: lines of a help text or a report are no sentence together.
      found.push(...literal.split('\n').map((each, index) => ({ line: line + index, says: [each.trim()] })))
    }
    if (!ts.isTemplateExpression(node)) node.getChildren(source).forEach(visit)
    else for (const span of node.templateSpans) visit(span.expression)
  }
  visit(source)
  // Line comments that follow each other are one text.
  const joined: { line: number; says: string[] }[] = []
  for (const { line, says } of [...comments.values()].sort((a, b) => a.line - b.line)) {
    const last = joined.at(-1)
    if (last && says.length === 1 && last.line + last.says.length === line) last.says.push(...says)
    else joined.push({ line, says: [...says] })
  }
  return [...joined, ...found]
}

/** What a comment says, without its marks, line by line. */
function saidBy(comment: string): readonly string[] {
  return comment.split('\n').map((line) =>
    line
      .replace(/^\s*(\/\/+|\/\*+|\*+\/|\*)\s?/, '')
      .replace(/\*+\/\s*$/, '')
      .replace(/^(@param) \w+/, '$1')
      .replace(/^(biome-ignore|c8 ignore|@ts-).*/, '')
      .trim(),
  )
}

function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text
  if (!ts.isTemplateExpression(node)) return undefined
  return node.templateSpans.reduce((text, { literal }) => `${text}X${literal.text}`, node.head.text)
}

/** Shell, CSS and functions are code, also within a text. */
const CODE = /=>|\$\(|&&|\|\||;\n|\{\n|\{ --/

/** Text for people has at least three words; names, queries and paths have not. */
function isSentence(text: string): boolean {
  return /[A-Za-z]{2,}[,;:]? [A-Za-z'-]+[,;:]? [A-Za-z]/.test(text) && !CODE.test(text)
}
