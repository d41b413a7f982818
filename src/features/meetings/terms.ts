/** How long what takes. */
export interface MeetingTerms {
  /** How long before its start people are reminded of a meeting. */
  readonly meetingReminderMs: number
  /** How long a claim on what is due keeps other nodes from it. */
  readonly meetingClaimMs: number
}
