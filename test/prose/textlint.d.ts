/** These rules come without types. */
declare module 'textlint-rule-terminology'
declare module 'textlint-rule-sentence-length'
