import { beforeAll, describe, expect, it } from 'vitest'
import { canSee, permissionsOf, type Standing } from '../../../src/features/rooms/policy.ts'
import { schema } from '../../../src/features/schema.ts'
import { Audience } from '../../../src/graphql/actor.ts'
import { encodeId } from '../../../src/graphql/ids.ts'
import { codeOf } from '../../support/codes.ts'
import { aDomain, type Domain } from '../../support/domain.ts'
import { aDirectRoom, aGroup } from '../../support/rooms.ts'
import { counted } from '../messages/support.ts'
import { createStage, globalIdOf, type Place, type Scene, type Stance } from './standings.ts'

/** The design's "Who may what": what somebody may do in a room of each sort, as it is and as they are. Where there is a -, there is no such case. */
const table = `
  | open                   | direct | group  | public | private |
  | a stranger             | unseen | unseen | unseen | unseen  |
  | who left team and room | -      | -      | unseen | unseen  |
  | one of the team        | -      | -      | posts  | unseen  |
  | who left the room      | -      | unseen | posts  | unseen  |
  | a member               | pins   | posts  | posts  | posts   |
  | an admin               | -      | runs   | runs   | runs    |
  | a lead                 | unseen | unseen | runs   | unseen  |
  | a lead who left        | -      | unseen | runs   | unseen  |
  | a lead and member      | pins   | posts  | runs   | runs    |

  | muted                  | direct | group  | public | private |
  | who left the room      | -      | unseen | reads  | unseen  |
  | a member               | -      | reads  | reads  | reads   |
  | an admin               | -      | runs   | runs   | runs    |
  | a lead who left        | -      | -      | runs   | unseen  |
  | a lead and member      | -      | reads  | runs   | runs    |

  | archived               | direct | group  | public | private |
  | a stranger             | -      | unseen | unseen | unseen  |
  | one of the team        | -      | -      | reads  | unseen  |
  | who left the room      | -      | unseen | reads  | unseen  |
  | a member               | -      | reads  | reads  | reads   |
  | an admin               | -      | opens  | opens  | opens   |
  | a lead                 | -      | unseen | opens  | unseen  |
  | a lead and member      | -      | reads  | opens  | opens   |

  | archived and muted     | direct | group  | public | private |
  | who left the room      | -      | -      | reads  | -       |
  | a member               | -      | -      | reads  | reads   |
  | a lead and member      | -      | -      | opens  | opens   |

  | severed                | direct | group  | public | private |
  | a stranger             | unseen | -      | -      | -       |
  | a member               | reads  | -      | -      | -       |
`

/** What each word of the table means for `viewerPermissions`. To whom a room is unseen there is none. */
const words: Record<string, readonly string[] | null> = {
  unseen: null,
  reads: [],
  posts: ['POST', 'START_CALL', 'SCHEDULE_MEETING'],
  pins: ['POST', 'PIN', 'START_CALL', 'SCHEDULE_MEETING'],
  runs: ['POST', 'UPDATE', 'MANAGE_MEMBERS', 'DELETE_ANY_MESSAGE', 'PIN', 'START_CALL', 'SCHEDULE_MEETING', 'ARCHIVE'],
  opens: ['ARCHIVE'],
}

const stances: Record<string, Stance> = {
  'a stranger': { room: null, team: null },
  'who left team and room': { room: 'left', team: 'left' },
  'one of the team': { room: null, team: 'MEMBER' },
  'who left the room': { room: 'left', team: 'MEMBER' },
  'a member': { room: 'MEMBER', team: 'MEMBER' },
  'an admin': { room: 'ADMIN', team: 'MEMBER' },
  'a lead': { room: null, team: 'LEAD' },
  'a lead who left': { room: 'left', team: 'LEAD' },
  'a lead and member': { room: 'MEMBER', team: 'LEAD' },
}

interface Cell {
  readonly name: string
  readonly place: Place
  readonly stance: Stance
  /** Null where the room is unseen. */
  readonly may: readonly string[] | null
}

const cells = readTable(table)

/** Every mutation about a room or what is in it, and which permission it takes; or by which rule of its own it is answered. */
type Rule = string | ((cell: Cell) => string | undefined)
const mutations: Record<string, readonly (readonly [rule: Rule, input: (scene: Scene, roomId: string) => object, name?: string])[]> = {
  sendMessage: [
    ['POST', (_scene, roomId) => ({ roomId, content: 'Hello' })],
    ['POST', ({ other }, roomId) => ({ roomId, content: `Hello @${other.handle}` }), 'that mentions somebody'],
  ],
  forwardMessage: [['POST', ({ theirs }, toRoomId) => ({ messageId: message(theirs), toRoomId })]],
  editMessage: [['POST', ({ own }) => ({ messageId: message(own), content: 'Something else' })]],
  addReaction: [['POST', ({ theirs }) => ({ messageId: message(theirs), emoji: '👍' })]],
  removeReaction: [['POST', ({ theirs }) => ({ messageId: message(theirs), emoji: '👍' })]],
  updateRoom: [['UPDATE', (_scene, roomId) => ({ roomId, topic: 'Another' })]],
  addRoomMember: [['MANAGE_MEMBERS', ({ guest }, roomId) => ({ roomId, userId: guest.globalId })]],
  removeRoomMember: [
    ['MANAGE_MEMBERS', ({ other }, roomId) => ({ roomId, userId: other.globalId })],
    [leaving, ({ actor }, roomId) => ({ roomId, userId: actor.globalId }), 'oneself'],
  ],
  setRoomRole: [['MANAGE_MEMBERS', ({ other }, roomId) => ({ roomId, userId: other.globalId, role: 'ADMIN' })]],
  muteMember: [['MANAGE_MEMBERS', ({ other }, roomId) => ({ roomId, userId: other.globalId, until: '2100-01-01T00:00:00Z' })]],
  deleteMessage: [
    ['DELETE_ANY_MESSAGE', ({ theirs }) => ({ messageId: message(theirs) })],
    [(cell) => (cell.may ? undefined : 'NOT_FOUND'), ({ own }) => ({ messageId: message(own) }), 'of one’s own'],
  ],
  pinMessage: [['PIN', ({ theirs }) => ({ messageId: message(theirs) })]],
  unpinMessage: [['PIN', ({ theirs }) => ({ messageId: message(theirs) })]],
  archiveRoom: [['ARCHIVE', (_scene, roomId) => ({ roomId })]],
  unarchiveRoom: [['ARCHIVE', (_scene, roomId) => ({ roomId })]],
  setTyping: [
    ['POST', (_scene, roomId) => ({ roomId, isTyping: true })],
    [(cell) => (cell.may ? undefined : 'NOT_FOUND'), (_scene, roomId) => ({ roomId, isTyping: false }), 'no longer'],
  ],
  startCall: [['START_CALL', (_scene, roomId) => ({ roomId, media: 'AUDIO', deviceId: 'phone' })]],
  joinCall: [['START_CALL', ({ callId }) => ({ callId: encodeId('Call', callId), deviceId: 'phone' })]],
  declineCall: [[(cell) => (cell.may ? 'CONFLICT' : 'NOT_FOUND'), ({ callId }) => ({ callId: encodeId('Call', callId) })]],
  leaveCall: [[others, ({ participantId }) => ({ participantId: encodeId('CallParticipant', participantId) })]],
  updateParticipant: [[others, ({ participantId }) => ({ participantId: encodeId('CallParticipant', participantId), audio: false })]],
  sendSignal: [
    [
      others,
      ({ participantId, callId }) => {
        const [from, to] = [encodeId('CallParticipant', participantId), encodeId('CallParticipant', callId)]
        return { from, to, kind: 'OFFER', payload: {} }
      },
    ],
  ],
  endCall: [['ARCHIVE', ({ callId }) => ({ callId: encodeId('Call', callId) })]],
  scheduleMeeting: [
    [
      'SCHEDULE_MEETING',
      (_scene, roomId) => {
        const [startsAt, endsAt] = ['2100-01-01T09:00:00Z', '2100-01-01T10:00:00Z']
        return { roomId, title: 'Plans', startsAt, endsAt, timeZone: 'UTC', attendeeIds: [] }
      },
    ],
  ],
  // Those who run the room may; others only if they planned it themselves.
  updateMeeting: [['UPDATE', ({ meetingId }) => ({ meetingId: encodeId('Meeting', meetingId), title: 'Other plans' })]],
  cancelMeeting: [['ARCHIVE', ({ meetingId }) => ({ meetingId: encodeId('Meeting', meetingId) })]],
  respondToMeeting: [
    [(cell) => (cell.may ? undefined : 'NOT_FOUND'), ({ meetingId }) => ({ meetingId: encodeId('Meeting', meetingId), rsvp: 'ACCEPTED' })],
  ],
  joinMeeting: [['START_CALL', ({ meetingId }) => ({ meetingId: encodeId('Meeting', meetingId), deviceId: 'phone' })]],
  joinChannel: [[joining, (_scene, channelId) => ({ channelId })]],
  markRead: [[reading, ({ theirs }, roomId) => ({ roomId, messageId: message(theirs) })]],
  setNotificationLevel: [[(cell) => (isIn(cell) ? undefined : 'NOT_FOUND'), (_scene, roomId) => ({ roomId, level: 'NONE' })]],
}

/** Their answers depend on nobody's standing in a room. */
const elsewhere = [
  ...['signUp', 'signIn', 'refreshSession', 'signOut', 'revokeSession', 'changePassword', 'deleteAccount', 'updateProfile'],
  ...['setPresence', 'createUpload', 'completeUpload'],
  ...['blockUser', 'unblockUser'],
  ...['createTeam', 'updateTeam', 'addTeamMember', 'removeTeamMember', 'setTeamRole'],
  ...['openDirectRoom', 'createGroupRoom', 'createChannel'],
]

const attempts = Object.entries(mutations).flatMap(([mutation, some]) =>
  some.map(([rule, input, name]) => ({ mutation, rule, input, name: name ? `${mutation}, ${name}` : mutation })),
)

describe('the policy', () => {
  it.each(cells.map((cell) => [cell.name, cell] as const))('%s', (_name, { place, stance, may }) => {
    const { room, team } = stance
    const standing: Standing = {
      ...place,
      role: room === 'left' ? null : room,
      teamRole: place.kind !== 'CHANNEL' || team === 'left' ? null : team,
    }
    expect(canSee(standing)).toBe(may !== null)
    expect(permissionsOf(standing)).toEqual(may ?? [])
  })
})

describe('what the viewer is told, and what is then allowed', () => {
  let domain: Domain
  const scenes = new Map<string, Scene>()
  beforeAll(async () => {
    domain = await aDomain()
    const stage = await createStage(domain)
    for (const { name, place, stance } of cells)
      for (const attempt of ['', ...attempts.map(({ name }) => name)]) scenes.set(`${name}: ${attempt}`, stage.draw(place, stance))
    await stage.build()
  })

  it.each(cells.map((cell) => [cell.name, cell] as const))('%s', async (name, cell) => {
    const asked = scenes.get(`${name}: `)!
    const { data } = await asked.actor.run('query ($id: ID!) { room(id: $id) { viewerPermissions } }', {
      id: globalIdOf(cell.place, asked),
    })
    expect(data).toEqual({ room: cell.may && { viewerPermissions: cell.may } })

    const answers: Record<string, unknown> = {}
    for (const { name: attempt, mutation, input } of attempts) {
      const scene = scenes.get(`${name}: ${attempt}`)!
      const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`
      const document = `mutation ($input: ${type}!) { ${mutation}(input: $input) { __typename } }`
      answers[attempt] = codeOf(await scene.actor.run(document, { input: input(scene, globalIdOf(cell.place, scene)) })) ?? 'done'
    }
    expect(answers).toEqual(Object.fromEntries(attempts.map(({ name: attempt, rule }) => [attempt, expected(cell, rule) ?? 'done'])))
  })

  it('covers every mutation that there is', () => {
    expect([...Object.keys(mutations), ...elsewhere].sort()).toEqual(Object.keys(schema.getMutationType()!.getFields()).sort())
  })

  it('names every permission that there is', () => {
    const values = (schema.getType('RoomPermission')!.toConfig() as { values: object }).values
    expect(Object.keys(values).sort()).toEqual([...words.runs!].sort())
    const asked = new Set(attempts.flatMap(({ rule }) => (typeof rule === 'string' ? [rule] : [])))
    expect([...asked].sort()).toEqual([...words.runs!].sort())
  })

  it('takes one statement more for many rooms as for one, and asks who is told', async () => {
    const [ann, ben] = [await domain.aPerson('Ann'), await domain.aPerson('Ben')]
    const room = await aDirectRoom(ann, ben)
    const database = counted(domain.database)
    const statements = async (field: string) => {
      database.statements.length = 0
      const document = `{ viewer { rooms { nodes { id ${field} } } } }`
      const { errors } = await domain.as(ann.actor, { database })(document)
      expect(errors).toBeUndefined()
      return database.statements.length
    }
    const few = await statements('viewerPermissions')
    for (let number = 0; number < 6; number++) await aGroup(ann, ben)
    expect(await statements('viewerPermissions')).toBe(few)
    expect(await statements('')).toBe(few - 1)
    const audience = new Audience(room.id)
    await domain.as(audience)('query ($id: ID!) { room(id: $id) { viewerPermissions } }', { id: room.globalId })
    expect(audience.askedFor).toContain('viewerPermissions')
  })
})

function expected({ may, ...cell }: Cell, rule: Rule): string | undefined {
  if (typeof rule !== 'string') return rule({ may, ...cell })
  if (may === null) return 'NOT_FOUND'
  return may.includes(rule) ? undefined : 'FORBIDDEN'
}

function isIn({ stance: { room } }: Cell): boolean {
  return room === 'MEMBER' || room === 'ADMIN'
}

function leaving(cell: Cell): string | undefined {
  if (!isIn(cell)) return 'NOT_FOUND'
  return cell.place.kind === 'DIRECT' ? 'FORBIDDEN' : undefined
}

/** What is somebody else's. */
function others({ may }: Cell): string {
  return may ? 'FORBIDDEN' : 'NOT_FOUND'
}

/** Whoever is in, whatever else they may. */
function reading(cell: Cell): string | undefined {
  if (isIn(cell)) return undefined
  return cell.may === null ? 'NOT_FOUND' : 'FORBIDDEN'
}

/** Whoever is in stays in; an archived channel lets nobody in. */
function joining(cell: Cell): string | undefined {
  if (cell.may === null || cell.place.kind !== 'CHANNEL') return 'NOT_FOUND'
  return cell.place.isArchived && !isIn(cell) ? 'FORBIDDEN' : undefined
}

function message(id: string): string {
  return encodeId('Message', id)
}

function readTable(text: string): Cell[] {
  const found: Cell[] = []
  let state = ''
  let sorts: string[] = []
  for (const line of text.split('\n')) {
    const [first, ...rest] = line
      .split('|')
      .slice(1, -1)
      .map((word) => word.trim())
    if (first === undefined) continue
    if (!(first in stances)) {
      state = first
      sorts = rest
      continue
    }
    for (const [column, word] of rest.entries()) {
      if (word === '-') continue
      const sort = sorts[column]!
      const place: Place = {
        kind: sort === 'direct' ? 'DIRECT' : sort === 'group' ? 'GROUP' : 'CHANNEL',
        isPrivate: sort === 'private',
        isArchived: state.includes('archived'),
        isMuted: state.includes('muted'),
        isSevered: state === 'severed',
      }
      found.push({ name: `${sort}, ${state}: ${first} ${word}`, place, stance: stances[first]!, may: words[word]! })
    }
  }
  return found
}
