import { type TObject, type TString, Type } from 'typebox'

/** A refusal as the OpenAPI document describes it. */
export function refusal(description: string): TObject<{ detail: TString }> {
  return Type.Object({ detail: Type.String() }, { description })
}

/** What any path of any listener can answer before its own code runs. */
export const ANSWERS_OF_ANY_PATH = {
  400: refusal('The request is not valid HTTP, or has no Host header or several.'),
  405: {
    ...refusal('The path does not have this method.'),
    headers: { Allow: { type: 'string', description: 'The methods that it has.' } },
  },
  408: refusal('The request took too long to arrive.'),
  414: refusal('A part of the path is too long.'),
  417: refusal('The header `Expect` has another value than `100-continue`.'),
  431: refusal('The head of the request is too large.'),
  500: refusal('An unexpected error, which is in the log too.'),
}
