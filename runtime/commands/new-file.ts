import { createWriteStream, openSync, type WriteStream } from 'node:fs'
import { AppError } from '../errors.ts'

/**
 * Creates a file and opens it for writing.
 *
 * @throws AppError `command_invalid` when it already exists, or cannot be written.
 */
export function newFile(path: string): WriteStream {
  try {
    return createWriteStream('', { fd: openSync(path, 'wx') })
  } catch (cause) {
    throw new AppError('command_invalid', `the file "${path}" cannot be created; name one that does not exist yet`, {
      cause,
    })
  }
}
