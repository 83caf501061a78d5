import { readFileSync } from 'node:fs'
import { type Coefficients, readCoefficients } from '../sizing/coefficients.ts'
import { faultOf, StackConfigError } from './errors.ts'

/**
 * Coefficients as `npm run load-test` writes them: a file of JSON.
 *
 * @throws StackConfigError when it cannot be read, is not JSON, or has faults: all of them.
 */
export function readCoefficientsFile(path: string): Coefficients {
  try {
    return readCoefficients(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    throw new StackConfigError([faultOf('coefficient_invalid', `${path}: ${(error as Error).message}`)])
  }
}
