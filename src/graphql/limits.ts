/** Every bound that clients meet. The values and their documentation are in `config.ts`. */
export interface Limits {
  readonly pageDefault: number
  readonly pageMost: number
  readonly listMost: number
  readonly messageCharacters: number
  readonly editsMost: number
  readonly emojiMost: number
  readonly mentionsMost: number
  readonly pinsMost: number
  readonly blocksMost: number
  readonly readMarksMembers: number
  readonly nameCharacters: number
  readonly topicCharacters: number
  readonly callRingsMost: number
  readonly callParticipantsMost: number
  readonly signalBytes: number
  readonly signalsKept: number
  readonly deviceCharacters: number
  readonly nonceCharacters: number
  readonly filenameCharacters: number
  readonly uploadBytes: number
  readonly attachmentsMost: number
  readonly unusedUploadsMost: number
  readonly ownedBytesMost: number
  readonly searchCharacters: number
  readonly presenceCharacters: number
  readonly presencePeopleMost: number
  readonly typingMembers: number
  readonly passwordLeast: number
  readonly passwordMost: number
  readonly queryDepth: number
  readonly queryCost: number
  readonly queryTokens: number
  readonly queryAliases: number
  readonly answerCharacters: number
  readonly logDays: number
}
