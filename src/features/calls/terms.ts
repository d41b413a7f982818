/** How long what takes. */
export interface CallTerms {
  readonly callRingsMs: number
  /** To begin following one's signals after joining. */
  readonly callBeginMs: number
  /** To follow them again after they were lost. */
  readonly callGraceMs: number
  /** Between two words of a node on who follows theirs there. */
  readonly callRefreshMs: number
  /** How long a claim on what is due keeps other nodes from it. */
  readonly callClaimMs: number
  /** How long the empty stream of who has left is kept, for nodes that have not heard its last word. */
  readonly callForgetMs: number
}
