import { createWriteStream, openSync, type WriteStream } from 'node:fs'
import { AppError } from '../errors.ts'

/**
 * A file that is not there yet, open for writing.
 *
 * @throws AppError `command_invalid` when it is there already, or cannot be written.
 */
export function newFile(path: string): WriteStream {
  try {
    return createWriteStream('', { fd: openSync(path, 'wx') })
  } catch (cause) {
    throw new AppError('command_invalid', `the file "${path}" cannot be made; name one that is not there yet`, {
      cause,
    })
  }
}
