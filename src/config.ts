import type { Limits } from './graphql/limits.ts'
import { ConfigError, list, number, oneOf, optional, parsed, type Setting, secret, text } from './lib/settings.ts'
import { readSigningKey } from './lib/signing-key.ts'
import { readStorage, type S3Storage } from './store/storage-url.ts'

/** Everything that can be set, typed. Made from the environment by `readConfig`; the table of docs/configuration.md is written from `settings`. */
export type Config = { readonly [Name in keyof typeof settings]: ReturnType<(typeof settings)[Name]['read']> } & { readonly limits: Limits }

const isUrl = (protocols: string[]) => (value: string) =>
  URL.canParse(value) && protocols.includes(new URL(value).protocol)
    ? undefined
    : `set a URL that begins with ${protocols.map((one) => `${one}//`).join(' or ')}.`

const isDatabase = (value: string) =>
  /^pglite:.+/.test(value) || isUrl(['postgres:', 'postgresql:'])(value) === undefined
    ? undefined
    : 'set postgres://USER:PASSWORD@HOST/NAME, or pglite:FOLDER.'

const isSigningKey = (value: string) =>
  readSigningKey(value) ? undefined : 'set a private Ed25519 key as a JWK: {"kty":"OKP","crv":"Ed25519","x":"…","d":"…"}.'

const isOrigin = (value: string) =>
  URL.canParse(value) && new URL(value).origin === value ? undefined : 'set an origin, such as https://chat.example.org.'

const isIceUrl = (scheme: string) => (value: string) =>
  new RegExp(`^${scheme}s?:[^\\s,]+$`).test(value) ? undefined : `set a URL that begins with ${scheme}: or ${scheme}s:.`

const isLivekit = (value: string) =>
  isUrl(['ws:', 'wss:'])(value) === undefined && new URL(value).href === `${new URL(value).origin}/`
    ? undefined
    : 'set wss://HOST and nothing after it; keys have names of their own.'

const isNoBlank = (value: string) => (value.trim() === value ? undefined : 'it begins or ends with a blank.')

/** Every setting, with its name in the environment. Times are milliseconds where the name says so. */
export const settings = {
  port: number('PORT', 4000, 'where to listen; 0 takes a free port and prints it', 0, 65535),
  host: text('HOST', '127.0.0.1', 'the address to listen on; 0.0.0.0 for all'),
  databaseUrl: text('DATABASE_URL', 'pglite:.data/db', '`postgres://…`, or `pglite:FOLDER`', isDatabase),
  storage: parsed(
    'STORAGE_URL',
    'file:.data/files',
    'where files are kept: `file:FOLDER`, or `s3://BUCKET?endpoint=URL&region=REGION`',
    readStorage,
    'set file:FOLDER, or s3://BUCKET?endpoint=https://HOST&region=REGION; keys have names of their own.',
  ),
  awsAccessKeyId: optional(
    'AWS_ACCESS_KEY_ID',
    'the key to the bucket; without it one is looked for, such as in the role of the machine',
    isNoBlank,
  ),
  awsSecretAccessKey: secret('AWS_SECRET_ACCESS_KEY', 'its secret', isNoBlank),
  awsSessionToken: secret('AWS_SESSION_TOKEN', 'with keys that are lent for a while; links end with them', isNoBlank),
  redisUrl: optional(
    'REDIS_URL',
    '`redis://…`: the bus, the rates, and who is there and types, of several nodes',
    isUrl(['redis:', 'rediss:']),
  ),
  publicUrl: optional('PUBLIC_URL', 'where clients reach the server, when a proxy stands before it', isUrl(['http:', 'https:'])),
  corsOrigins: list('CORS_ORIGINS', 'origins of other sites whose pages may call, comma-separated; checked on sockets too', isOrigin),
  trustProxy: oneOf('TRUST_PROXY', ['off', 'on'], 'off', '`on` believes `X-Forwarded-For` of the proxy before it'),
  logLevel: oneOf('LOG_LEVEL', ['debug', 'info', 'warn', 'error'], 'info', 'how much is written to standard error'),
  limitRates: oneOf('LIMITS', ['on', 'off'], 'on', '`off` lifts rates and bounds a person, for benches; only with a loopback HOST'),

  databasePoolSize: number('DATABASE_POOL_SIZE', 10, 'connections to Postgres a node'),
  transactionWaitMs: number('TRANSACTION_WAIT_MS', 10_000, 'how long a transaction waits for a connection'),
  transactionMostMs: number('TRANSACTION_MOST_MS', 15_000, 'how long a transaction may take'),
  signingKey: secret('SIGNING_KEY', 'a private Ed25519 JWK that signs access tokens; without it the database keeps one', isSigningKey),
  passwordCost: number('PASSWORD_COST', 15, 'scrypt cost as a power of two (r=8, p=3)', 10, 20),
  accessTokenMs: number('ACCESS_TOKEN_MS', 15 * 60_000, 'life of an access token', 1000),
  refreshTokenMs: number('REFRESH_TOKEN_MS', 30 * 24 * 3_600_000, 'life of a session that is not refreshed', 1000),
  refreshGraceMs: number('REFRESH_GRACE_MS', 30_000, 'how long a used refresh token gives its successor again', 0),
  sessionRememberedMs: number('SESSION_REMEMBERED_MS', 1000, 'how long a session found alive is believed to be', 0),
  sessionsPerPerson: number('SESSIONS_PER_PERSON', 100, 'devices signed in a person; one more ends the one unused for longest'),

  storagePatienceMs: number('STORAGE_PATIENCE_MS', 30_000, 'how long a bucket may say nothing', 100),
  linkMs: number('LINK_MS', 15 * 60_000, 'life of a link to put or get a file', 2000),
  unusedUploadMs: number('UNUSED_UPLOAD_MS', 24 * 3_600_000, 'how long a file is kept that is attached to nothing', 1000),
  inspectionsMost: number('INSPECTIONS_MOST', 4, 'files that a node looks at and makes previews of at once'),

  sendPerSecond: number(
    'SEND_PER_SECOND',
    5,
    'messages a second a person; joining, updating and archiving a room, joining a call and what one sends in it count as one',
  ),
  sendBurst: number('SEND_BURST', 10, 'messages at once a person'),
  sendsWaiting: number('SENDS_WAITING', 5000, 'messages that may wait for the database a node; more are refused'),
  signInPerMinute: number('SIGN_IN_PER_MINUTE', 10, 'attempts to sign in a minute, a handle and an address'),
  signUpPerHour: number('SIGN_UP_PER_HOUR', 30, 'accounts an hour an address'),
  reachPerMinute: number('REACH_PER_MINUTE', 30, 'direct rooms opened, people added, rooms and teams made, calls begun a minute a person'),
  searchPerMinute: number('SEARCH_PER_MINUTE', 60, 'searches a minute a person'),
  typingPerMinute: number('TYPING_PER_MINUTE', 30, 'how often a person may begin to type a minute'),
  calendarPerMinute: number('CALENDAR_PER_MINUTE', 20, 'how often the links to calendars of a person may be followed a minute'),

  signalPerSecond: number('SIGNAL_PER_SECOND', 50, 'signals of calls a second a person'),
  signalBurst: number('SIGNAL_BURST', 200, 'signals of calls at once a person'),

  stunUrls: list('STUN_URLS', 'STUN servers for calls, `stun:HOST:PORT`, comma-separated', isIceUrl('stun')),
  turnUrls: list('TURN_URLS', 'TURN servers for calls, `turn:HOST:PORT`, comma-separated; they know TURN_SECRET', isIceUrl('turn')),
  turnSecret: secret('TURN_SECRET', "what the TURN servers take for a shared secret: coturn's `static-auth-secret`", isNoBlank),
  turnCredentialMs: number('TURN_CREDENTIAL_MS', 3_600_000, 'how long credentials for TURN are good', 1000),

  // Clients are told it: what somebody puts into it by mistake must come no further.
  livekitUrl: secret(
    'LIVEKIT_URL',
    'a LiveKit server that calls may go through: `wss://HOST`, where clients connect; its API is at the same place',
    isLivekit,
  ),
  livekitApiKey: secret('LIVEKIT_API_KEY', 'what LiveKit knows us by', isNoBlank),
  livekitApiSecret: secret('LIVEKIT_API_SECRET', 'the secret of that key', isNoBlank),
  sfuAbove: number('SFU_ABOVE', 4, 'how many members of a room still call each other peer to peer; 0: all calls go through LIVEKIT_URL', 0),
  sfuGrantMs: number('SFU_GRANT_MS', 60_000, 'by when whoever joins a call must have connected to its SFU', 1000, 3_600_000),
  sfuAnswerMs: number('SFU_ANSWER_MS', 5000, 'how long an SFU may take to answer a node', 100),
  sfuLookMs: number('SFU_LOOK_MS', 5000, 'between two looks at who is in the media of a call that somebody has left'),

  pageDefault: number('PAGE_DEFAULT', 50, 'objects a page when nothing is said'),
  pageMost: number('PAGE_MOST', 100, 'objects a page at most'),
  listMost: number('LIST_MOST', 100, 'entries of a list in an input, and of `nodes`; guests a meeting invites at once'),
  messageCharacters: number('MESSAGE_CHARACTERS', 8000, 'characters a message'),
  editsMost: number('EDITS_MOST', 50, 'earlier contents kept a message'),
  emojiMost: number('EMOJI_MOST', 50, 'different emoji a message'),
  mentionsMost: number('MENTIONS_MOST', 50, 'people a message can mention'),
  pinsMost: number('PINS_MOST', 100, 'pinned messages a room'),
  blocksMost: number('BLOCKS_MOST', 1000, 'people somebody can have blocked'),
  readMarksMembers: number('READ_MARKS_MEMBERS', 100, 'members a room in which everybody is shown how far the others have read'),
  nameCharacters: number('NAME_CHARACTERS', 80, 'characters a name'),
  topicCharacters: number('TOPIC_CHARACTERS', 250, 'characters a topic'),
  callRingsMost: number('CALL_RINGS_MOST', 100, 'members a room in which a call rings for the others'),
  callParticipantsMost: number('CALL_PARTICIPANTS_MOST', 100, 'people at once a call'),
  titleCharacters: number('TITLE_CHARACTERS', 120, 'characters of the title of a meeting'),
  descriptionCharacters: number('DESCRIPTION_CHARACTERS', 4000, 'characters of the description of a meeting'),
  meetingsMost: number('MEETINGS_MOST', 500, 'meetings of a room that are not over'),
  meetingMostMs: number('MEETING_MOST_MS', 7 * 24 * 3_600_000, 'how long a meeting can last'),
  meetingRangeMs: number('MEETING_RANGE_MS', 400 * 24 * 3_600_000, 'the time in which occurrences of meetings can be asked for at once'),
  attendeesMost: number('ATTENDEES_MOST', 500, 'people invited to a meeting'),
  exceptionsMost: number('EXCEPTIONS_MOST', 200, 'occurrences of a meeting that are moved or cancelled one by one'),
  recurrencesMost: number('RECURRENCES_MOST', 1000, 'what COUNT in a recurrence can say'),
  calendarMeetingsMost: number('CALENDAR_MEETINGS_MOST', 500, 'meetings a calendar for a calendar application'),
  calendarPastDays: number('CALENDAR_PAST_DAYS', 90, 'days that such a calendar shows a meeting that is over'),
  occurrencesMost: number('OCCURRENCES_MOST', 100, 'occurrences of meetings in an answer to a range'),
  signalBytes: number('SIGNAL_BYTES', 64 * 1024, 'bytes of what a signal carries, as JSON'),
  signalsKept: number('SIGNALS_KEPT', 1000, 'signals kept for each participant of a call, a hundred more at times', 100),
  deviceCharacters: number('DEVICE_CHARACTERS', 64, "characters of a device's name for itself"),
  nonceCharacters: number('NONCE_CHARACTERS', 64, 'characters a nonce'),
  filenameCharacters: number('FILENAME_CHARACTERS', 255, 'characters the name of a file'),
  uploadBytes: number('UPLOAD_BYTES', 50 * 1024 * 1024, 'bytes a file'),
  attachmentsMost: number('ATTACHMENTS_MOST', 10, 'files a message'),
  unusedUploadsMost: number('UNUSED_UPLOADS_MOST', 100, 'files of a person that are attached to nothing (yet)'),
  ownedBytesMost: number('OWNED_BYTES_MOST', 10 * 1024 ** 3, 'bytes of all files of a person together', 1, Number.MAX_SAFE_INTEGER),
  presenceCharacters: number('PRESENCE_CHARACTERS', 100, 'characters of what somebody says of themselves beside their presence'),
  presencePeopleMost: number('PRESENCE_PEOPLE_MOST', 200, 'people whose presence a subscription can watch'),
  typingMembers: number('TYPING_MEMBERS', 100, 'members of a room above which nobody is told who is typing', 0),
  searchCharacters: number('SEARCH_CHARACTERS', 200, 'characters a search'),
  passwordLeast: number('PASSWORD_LEAST', 8, 'characters a password at least'),
  passwordMost: number('PASSWORD_MOST', 256, 'characters a password at most'),
  queryDepth: number('QUERY_DEPTH', 15, 'levels a query'),
  queryCost: number('QUERY_COST', 10_000, 'objects that the answer to a query could hold'),
  budgetPerSecond: number('BUDGET_PER_SECOND', 10_000, 'objects a second a caller may ask of a node, by what its operations could answer'),
  budgetBurst: number('BUDGET_BURST', 100_000, 'objects at once a caller; a mutation counts as 100 at least'),
  queryTokens: number('QUERY_TOKENS', 2000, 'tokens a document'),
  queryAliases: number('QUERY_ALIASES', 50, 'aliases a document'),
  answerCharacters: number(
    'ANSWER_CHARACTERS',
    4 * 1024 * 1024,
    'characters of messages, and of links to files, in an answer; and of a calendar',
  ),
  bodyBytes: number('BODY_BYTES', 1024 * 1024, 'bytes of a request over HTTP'),
  requestMs: number(
    'REQUEST_MS',
    60_000,
    'how long a request may take to come; one that brings a file may as long as its link is good',
    1000,
  ),

  socketsPerPerson: number('SOCKETS_PER_PERSON', 10, 'sockets a person a node'),
  subscriptionsPerSocket: number('SUBSCRIPTIONS_PER_SOCKET', 200, 'operations at once a socket'),
  operationCharacters: number('OPERATION_CHARACTERS', 1024 * 1024, 'characters of operations and their variables at once a socket'),
  frameBytes: number('FRAME_BYTES', 256 * 1024, 'bytes of a frame from a client'),
  initWaitMs: number('INIT_WAIT_MS', 3000, 'how long a socket may wait with its connection_init'),
  pingMs: number('PING_MS', 12_000, 'between pings; without an answer by the next the socket is dead'),
  expiryGraceMs: number('EXPIRY_GRACE_MS', 5000, 'how long operations go on after the access token expired', 0),
  slowBytes: number('SLOW_BYTES', 256 * 1024, 'bytes unsent at which the readers of a socket wait'),
  stuckBytes: number('STUCK_BYTES', 1024 * 1024, 'bytes unsent at which a socket is closed with 1013'),
  stuckMs: number('STUCK_MS', 10_000, 'how long a slow reader may take to drain'),
  drainMs: number('DRAIN_MS', 10_000, 'over how long sockets are closed when the server stops', 0),
  closeMs: number('CLOSE_MS', 5000, 'how long a node that stops waits for files that are being let go, and for a sweep', 0),

  // A ring must hold at least what is put into it at once.
  ringEvents: number('RING_EVENTS', 1000, 'recent events kept in memory a stream that is followed', 200),
  ringBytes: number('RING_BYTES', 1024 * 1024, 'their bytes at most', 256 * 1024),
  lingerMs: number('LINGER_MS', 5000, 'how long a stream is kept after its last reader left', 0),
  gapWaitMs: number('GAP_WAIT_MS', 20, 'how long an event waits for those before it', 0),
  acknowledgeWaitMs: number('ACKNOWLEDGE_WAIT_MS', 1000, 'how long a subscription waits for the bus'),
  headCheckMs: number('HEAD_CHECK_MS', 1000, 'between checks of the heads of busy streams'),
  headCheckAllMs: number('HEAD_CHECK_ALL_MS', 10_000, 'between checks of all heads'),
  presenceGraceMs: number('PRESENCE_GRACE_MS', 10_000, 'how long somebody is there after their last device went', 0),
  presenceLeaseMs: number('PRESENCE_LEASE_MS', 15_000, 'for how long the people of a node that says nothing more are there', 100),
  presenceRereadMs: number('PRESENCE_REREAD_MS', 15_000, 'between two looks at everybody whose presence is watched', 100),
  presenceSeenMs: number('PRESENCE_SEEN_MS', 5 * 60_000, 'between two times of writing down who was seen', 1000),
  typingMs: number('TYPING_MS', 8000, 'after how long somebody who does not say so again is no longer typing'),
  typingRepeatMs: number('TYPING_REPEAT_MS', 3000, 'for how long saying so again is not passed on', 0),
  callRingsMs: number('CALL_RINGS_MS', 45_000, 'how long a call rings'),
  callBeginMs: number('CALL_BEGIN_MS', 15_000, 'how long whoever joins a call may take to follow its signals'),
  callGraceMs: number('CALL_GRACE_MS', 10_000, 'how long somebody stays in a call whose device follows its signals no longer'),
  callRefreshMs: number(
    'CALL_REFRESH_MS',
    5000,
    'between two words of a node on whose signals are followed there; less than CALL_GRACE_MS',
  ),
  callTickMs: number('CALL_TICK_MS', 1000, 'between looks of every node for calls in which something is due'),
  callClaimMs: number('CALL_CLAIM_MS', 5000, 'how long a node has to see to what it found due, before another may'),
  callForgetMs: number(
    'CALL_FORGET_MS',
    60_000,
    'how long the empty stream of a participant who left stays, for nodes that have not heard so',
  ),
  meetingReminderMs: number('MEETING_REMINDER_MS', 10 * 60_000, 'how long before its start people are reminded of a meeting', 0),
  meetingTickMs: number('MEETING_TICK_MS', 1000, 'between looks of every node for meetings in which something is due'),
  meetingClaimMs: number('MEETING_CLAIM_MS', 5000, 'how long a node has to see to what it found due, before another may'),
  marksEveryMs: number('MARKS_EVERY_MS', 1000, 'between two events that tell a room how far its members have read'),
  marksTickMs: number('MARKS_TICK_MS', 5000, 'after how long, and how often, every node tells rooms what no other did'),
  unreadEveryMs: number('UNREAD_EVERY_MS', 1000, 'between two of a room when people are told what is unread there', 0),
  logDays: number('LOG_DAYS', 30, 'days that events are kept, and when messages were read'),
} satisfies Record<string, Setting<unknown>>

/** Reads the environment, and refuses what cannot work. What is set to nothing is not set. */
export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const read = Object.fromEntries(Object.entries(settings).map(([name, setting]) => [name, setting.read(env[setting.env] || undefined)]))
  const config = { ...read, limits: read } as unknown as Config
  if (config.redisUrl && config.databaseUrl.startsWith('pglite:'))
    throw new ConfigError(
      'REDIS_URL is for several nodes, and an embedded database has one: set DATABASE_URL=postgres://… too, or unset REDIS_URL.',
    )
  if (config.storage.kind === 's3') requireUsable(config.storage, config)
  if (config.limitRates === 'off' && !isLoopback(config.host))
    throw new ConfigError('LIMITS=off is for benches: set HOST=127.0.0.1, or LIMITS=on.')
  if (config.passwordLeast > config.passwordMost) throw new ConfigError('PASSWORD_LEAST is more than PASSWORD_MOST: set it lower.')
  if (config.turnUrls.length > 0 && !config.turnSecret)
    throw new ConfigError('TURN_URLS without TURN_SECRET: set the secret that the TURN servers know, or unset TURN_URLS.')
  const livekit = [settings.livekitUrl, settings.livekitApiKey, settings.livekitApiSecret].map((setting) => setting.env)
  const unset = livekit.filter((name) => !env[name])
  if (unset.length > 0 && unset.length < livekit.length)
    throw new ConfigError(`${livekit.join(', ')} go together: set ${unset.join(' and ')} too, or unset all of them.`)
  if (config.callRefreshMs >= config.callGraceMs) throw new ConfigError('CALL_REFRESH_MS is not less than CALL_GRACE_MS: set it lower.')
  if (config.pageDefault > config.pageMost) throw new ConfigError('PAGE_DEFAULT is more than PAGE_MOST: set it lower.')
  return config
}

function requireUsable({ endpoint }: S3Storage, { linkMs, publicUrl, awsAccessKeyId, awsSecretAccessKey }: Config): void {
  if (!awsAccessKeyId !== !awsSecretAccessKey)
    throw new ConfigError('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together: set both, or none.')
  if (linkMs > weekMs) throw new ConfigError('LINK_MS is more than a week, which is what links to a bucket last at most: set it lower.')
  // What a client brings is handed out there, and must never be run as a page of ours.
  if (endpoint && publicUrl && new URL(endpoint).origin === new URL(publicUrl).origin)
    throw new ConfigError('STORAGE_URL and PUBLIC_URL lead to one origin: give the store one of its own, such as another host name.')
}

const weekMs = 7 * 24 * 3_600_000

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}
