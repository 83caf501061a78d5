const INDENT = '  '
const PIECES = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g

/**
 * JSON with one member on a line. Numbers stay as they were sent, which JavaScript might round. Other text stays as it is.
 *
 * @param {string} text
 */
export function indented(text) {
  if (!isJson(text)) return text
  const pieces = text.match(PIECES) ?? []
  let depth = 0
  const line = () => `\n${INDENT.repeat(depth)}`
  return pieces
    .map((piece, at) => {
      switch (piece) {
        case ':':
          return ': '
        case ',':
          return `,${line()}`
        case '{':
        case '[':
          depth += 1
          return closes(pieces[at + 1]) ? piece : `${piece}${line()}`
        case '}':
        case ']':
          depth -= 1
          return opens(pieces[at - 1]) ? piece : `${line()}${piece}`
        default:
          return piece
      }
    })
    .join('')
}

/** @type {(piece: string | undefined) => boolean} */
const closes = (piece) => piece === '}' || piece === ']'
/** @type {(piece: string | undefined) => boolean} */
const opens = (piece) => piece === '{' || piece === '['

/** @type {(text: string) => boolean} */
function isJson(text) {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
