/**
 * Words that this project does not use, each with what to write instead. A pattern is a regular expression, matched without regard
 * to case and only on whole words. Terms and their meaning: `docs/glossary.md`.
 */
export const VOCABULARY: readonly (readonly [pattern: string, instead: string])[] = [
  // Reporting.
  ['tells?', 'reports'],
  ['told', 'reported'],
  ['telling', 'reporting'],
  ['(tell|tells|told) apart', 'distinguish'],
  ['without a word', 'silently'],

  // Availability and existence.
  ['(is|are|was|were|be|been|stays?) away', '$1 down'],
  ['(is|are|was|were|be|been) (not )?there', 'exists'],
  ['that exists? already', 'existing'],
  ['(to|be|could) be had', 'available'],
  ['stands? still', 'stalls'],
  ['stands?', 'is'],

  // Deciding and repairing.
  ['unforeseen', 'unexpected'],
  ['(take|takes|taken|took) for', 'treat as'],
  ['mend(s|ed|ing)?', 'fix'],
  ['put (it )?right', 'fix'],
  ['(take|takes|taken|taking|took)( it| them)? away', 'remove'],
  ['(let|lets|letting) through', 'allow'],
  ['left out', 'omitted'],
  ['leav(e|es|ing) out', 'omit'],

  // Time and order.
  ['for good', 'permanently'],
  ['for ever', 'forever'],
  ['at once', 'immediately, or: at the same time'],
  ['once more', 'again'],
  ['anew', 'again'],
  ['afresh', 'again'],
  ['(goes|go|going|went|gone) on', 'continue'],
  ['(comes?|came|coming) again', 'is redelivered, or: is retried'],
  ['quarter of an hour', '15 minutes'],
  ['so long as', 'as long as'],
  ['grace times?', 'grace period'],
  ['(comes?|came|coming) to (its|their|the) limit', 'reach the limit'],

  // Amounts. The rule looks at a match again between two words `xyz`.
  [
    '(?<=^|[.:;] |\\b(?:the|xyz) )most (bytes|events|bulks|calls|documents|messages|connections|replicas|shards|values)',
    'maximum $1',
  ],
  [
    '(?<=^|[.:;] |\\b(?:the|xyz) )least (bytes|events|bulks|calls|documents|messages|connections|replicas|shards|values)',
    'minimum $1',
  ],
  ['(longest|shortest) (wait|time)', 'maximum or minimum $2'],
  ['least severe', 'minimum'],
  ['so (many|much) (?!(that|of|as))', 'that many, or the number '],
  ['some (\\d[\\d,]*)', 'about $1'],
  ['(sinks|sank)', 'falls'],
  ['dearer', 'more expensive'],

  // Processing.
  ['(is|are|was|were) done with', 'processed'],
  ['in hand', 'in flight'],
  ['(give|gives|given|gave|giving)( it| them)? back', 'negatively acknowledge, or: return'],
  ['what (comes|came|waits|waited|stands|stood|lies)', 'name the subject'],
  ['(comes?|came) in', 'arrive'],
  ['(lies|lie) in', 'be in'],
  ['by why', 'by reason'],

  // Connecting words.
  ['(is|are) no (JSON|HTTP|URL|text|number|object|list)', '$1 not $2'],
  ['(in|from|of|for) whatever (order|form|zone|folder|page|level|ids)', '$1 any $2'],
  ['(?<!\\b(is|are|be|been|have|has) )all the same', 'anyway'],
  ['whoever', 'anyone who'],
  ['be it', 'whether'],
  ['beside', 'next to, or: in addition to'],
  ['in place of', 'instead of'],
  ['hence', 'so'],
  ['lest', 'so that … not'],
  ['thereby', 'name what does it'],
  ['nothing but', 'only'],
  ['(?<!, )but for\\b', 'except'],
  ['every (\\w+) but', 'every $1 except'],
  [', for (it|they|there)', ', because $1'],
  ['([,;:.]) else\\b(?! if)', '$1 otherwise'],
  ['(?<!instead )\\bof (ours|yours|theirs)\\b', 'our, your, their'],

  // Names that this project has given up.
  ['rehears(e|es|ed|al|als|ing)', 'load test'],
]
