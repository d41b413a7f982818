import ical, { type VEvent } from 'node-ical'
import { beforeAll, describe, expect, it } from 'vitest'
import { aDomain } from '../support/domain.ts'
import { type HeldDatabase, holdDatabase } from '../support/held-database.ts'
import { type AUser, aParley, type Parley, startParley } from '../support/parley.ts'
import { named } from '../support/rooms.ts'
import { until } from '../support/until.ts'
import { takeFile } from '../support/uploads.ts'

const hour = 3_600_000
const at = (ms: number) => new Date(Math.floor(Date.now() / 1000) * 1000 + ms).toISOString()

let parley: Parley
beforeAll(async () => {
  parley = await aParley()
})

/** Without any credentials. */
const get = (url: string, init: RequestInit = {}) => fetch(url, init)
const statusOf = async (url: string) => (await get(url)).status

async function asked<Data>(user: AUser, query: string, variables: Record<string, unknown> = {}): Promise<Data> {
  const { data, errors } = await user.post<Data>(query, variables)
  if (errors) throw new Error(errors[0]!.message)
  return data!
}

async function write<Done>(user: AUser, name: string, input: object, selection = '__typename'): Promise<Done> {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`
  return (await asked<{ done: Done }>(user, `mutation ($input: ${type}!) { done: ${name}(input: $input) { ${selection} } }`, { input }))
    .done
}

interface Linked {
  readonly id: string
  readonly icsUrl: string
}

async function schedule(user: AUser, roomId: string, more: object = {}): Promise<Linked> {
  const input = { roomId, title: 'Plans', startsAt: at(hour), endsAt: at(2 * hour), timeZone: 'Europe/Berlin', ...more }
  return (await write<{ meeting: Linked }>(user, 'scheduleMeeting', input, 'meeting { id icsUrl }')).meeting
}

const icsUrlFor = async (user: AUser, { id }: Linked) =>
  (await asked<{ meeting: Linked | null }>(user, 'query ($id: ID!) { meeting(id: $id) { icsUrl } }', { id })).meeting!.icsUrl

const calendarUrlOf = async (user: AUser) =>
  (await asked<{ viewer: { calendarUrl: string } }>(user, '{ viewer { calendarUrl } }')).viewer.calendarUrl

async function eventsAt(url: string): Promise<VEvent[]> {
  const response = await get(url)
  expect(response.status).toBe(200)
  const components = Object.values(ical.sync.parseICS(await response.text()))
  return components.filter((component) => component?.type === 'VEVENT') as VEvent[]
}

const titlesAt = async (url: string) => (await eventsAt(url)).map(({ summary }) => summary)

/** A group of Ada's with Ben in it, and Cid outside. */
async function aPlace(on = parley) {
  const [ada, ben, cid] = await Promise.all(['Ada', 'Ben', 'Cid'].map((name) => on.aUser(name)))
  return { ada: ada!, ben: ben!, cid: cid!, roomId: await on.aRoom(ada!, [ben!]) }
}

describe('a meeting in a calendar application', () => {
  it('needs nothing but its link', async () => {
    const { ada, ben, roomId } = await aPlace()
    const recurrence = 'FREQ=DAILY;COUNT=3'
    const meeting = await schedule(ada, roomId, { recurrence, description: 'All of it.' })
    const url = await icsUrlFor(ben, meeting)
    expect(url).toMatch(new RegExp(`^${parley.app.url}/calendars/[\\w.-]+\\.ics$`))
    const response = await get(url)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/calendar; charset=utf-8',
      'content-disposition': 'attachment; filename="meetings.ics"',
      'cache-control': 'private, no-cache',
      'x-content-type-options': 'nosniff',
    })
    const [event] = await eventsAt(url)
    expect(event).toMatchObject({ summary: 'Plans', description: 'All of it.', status: 'CONFIRMED', uid: named(meeting.id).id })
    expect(event!.url).toBe(`${parley.app.url}/meetings/${meeting.id}`)
    expect(event!.organizer).toMatchObject({ params: { CN: 'Ada' } })
    expect(event!.attendee).toMatchObject({ params: { CN: 'Ben', PARTSTAT: 'NEEDS-ACTION' } })
    expect(ical.expandRecurringEvent(event!, { from: new Date(), to: new Date(Date.now() + 9 * 24 * hour) })).toHaveLength(3)
  })

  it('is had again only when it has changed, and told of without being had', async () => {
    const { ada, roomId } = await aPlace()
    const meeting = await schedule(ada, roomId)
    const first = await get(meeting.icsUrl)
    const etag = first.headers.get('etag')!
    const length = Buffer.byteLength(await first.text())
    expect((await get(meeting.icsUrl, { headers: { 'if-none-match': etag } })).status).toBe(304)
    const head = await get(meeting.icsUrl, { method: 'HEAD' })
    expect([head.status, head.headers.get('etag'), head.headers.get('content-length'), await head.text()]).toEqual([
      200,
      etag,
      String(length),
      '',
    ])
    await write(ada, 'updateMeeting', { meetingId: meeting.id, title: 'Other plans' })
    const later = await get(meeting.icsUrl, { headers: { 'if-none-match': etag } })
    expect([later.status, (await later.text()).includes('SUMMARY:Other plans')]).toEqual([200, true])
    const posted = await get(meeting.icsUrl, { method: 'POST' })
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  it('is moved and cancelled there as here', async () => {
    const { ada, roomId } = await aPlace()
    const meeting = await schedule(ada, roomId, { recurrence: 'FREQ=WEEKLY;COUNT=4' })
    const startsOf = async () => {
      const [event] = await eventsAt(meeting.icsUrl)
      const expanded = ical.expandRecurringEvent(event!, { from: new Date(), to: new Date(Date.now() + 60 * 24 * hour) })
      return expanded.map(({ start }) => start.toISOString())
    }
    const occurrences = async () => {
      const document = `query ($id: ID!, $from: DateTime!, $to: DateTime!) {
        meeting(id: $id) { occurrences(from: $from, to: $to) { originalStart startsAt status } } }`
      const range = { from: at(0), to: at(60 * 24 * hour) }
      type Shown = { meeting: { occurrences: { originalStart: string; startsAt: string; status: string }[] } }
      return (await asked<Shown>(ada, document, { id: meeting.id, ...range })).meeting.occurrences
    }
    const [, second, third] = await occurrences()
    const moved = { startsAt: at(8 * 24 * hour), endsAt: at(8 * 24 * hour + hour) }
    await write(ada, 'updateMeeting', { meetingId: meeting.id, occurrence: second!.originalStart, ...moved })
    await write(ada, 'cancelMeeting', { meetingId: meeting.id, occurrence: third!.originalStart })
    const now = await occurrences()
    const held = now.filter(({ status }) => status !== 'CANCELLED').map(({ startsAt }) => startsAt)
    expect(held).toContain(moved.startsAt)
    expect(held).toHaveLength(3)
    expect(await startsOf()).toEqual(held)
    await write(ada, 'cancelMeeting', { meetingId: meeting.id })
    expect((await eventsAt(meeting.icsUrl))[0]!.status).toBe('CANCELLED')
  })
})

describe('all of one’s meetings in a calendar application', () => {
  it('are those one is invited to and has not declined', async () => {
    const { ada, ben, cid, roomId } = await aPlace()
    await schedule(ada, roomId, { title: 'All' })
    const declined = await schedule(ada, roomId, { title: 'Declined' })
    await schedule(ada, roomId, { title: 'Of others', attendeeIds: [] })
    await schedule(ada, roomId, { title: 'Guest', attendeeIds: [cid.id] })
    await write(ben, 'respondToMeeting', { meetingId: declined.id, rsvp: 'DECLINED' })
    const cancelled = await schedule(ben, roomId, { title: 'Cancelled' })
    await write(ben, 'cancelMeeting', { meetingId: cancelled.id })
    const url = await calendarUrlOf(ben)
    expect((await titlesAt(url)).sort()).toEqual(['All', 'Cancelled'])
    expect(await titlesAt(await calendarUrlOf(cid))).toEqual(['Guest'])
    expect(await (await get(url)).text()).toContain('X-WR-CALNAME:Meetings of Ben')
    // What somebody asks from outside a room whom one has blocked.
    await write(cid, 'blockUser', { userId: ada.id })
    expect(await titlesAt(await calendarUrlOf(cid))).toEqual([])
    // What one has declined one may still have by itself.
    expect(await titlesAt(await icsUrlFor(ben, declined))).toEqual(['Declined'])
    expect(await titlesAt(await calendarUrlOf(await parley.aUser('Dan')))).toEqual([])
  })

  it('are as many as fit, the nearest before those that are over, and not what is long over', async () => {
    const small = await startParley({ CALENDAR_MEETINGS_MOST: '3' })
    const { ada, roomId } = await aPlace(small)
    const { sql } = (await aDomain()).database
    const ended = async (title: string, days: number) => {
      const { id } = await schedule(ada, roomId, { title })
      const change = `update meeting set status = 'COMPLETED', starts_at = starts_at - make_interval(days => $2),
        ends_at = ends_at - make_interval(days => $2), current_start = current_start - make_interval(days => $2),
        last_ends_at = last_ends_at - make_interval(days => $2) where id = $1 returning 1`
      await sql(change, [named(id).id, days])
    }
    await ended('Long over', 91)
    await ended('Over', 89)
    const url = await calendarUrlOf(ada)
    expect(await titlesAt(url)).toEqual(['Over'])
    for (const days of [300, 100, 200])
      await schedule(ada, roomId, { title: `In ${days}`, startsAt: at(days * 24 * hour), endsAt: at((days * 24 + 1) * hour) })
    expect(await titlesAt(url)).toEqual(['In 100', 'In 200', 'In 300'])
    await schedule(ada, roomId, { title: 'Soon' })
    expect(await titlesAt(url)).toEqual(['Soon', 'In 100', 'In 200'])
    await small.close()
  })

  describe('are read', () => {
    const held = async () => holdDatabase((await aDomain()).database)
    const reading = /calendar_links|createdByName|MeetingException/
    /** Those in which each reading of a calendar consists. */
    const statementsOf = async ({ statements }: HeldDatabase, ...urls: string[]) => {
      const before = statements.length
      await Promise.all(urls.map(async (url) => (await get(url)).text()))
      return statements.slice(before).filter(({ text }) => reading.test(text))
    }

    it('in three statements where there are few, and in none for what was not signed', async () => {
      const database = await held()
      const counted = await startParley({}, { database })
      const { ada, roomId } = await aPlace(counted)
      for (let index = 0; index < 21; index++) await schedule(ada, roomId, { recurrence: 'FREQ=DAILY' })
      const url = await calendarUrlOf(ada)
      expect(await titlesAt(url)).toHaveLength(21)
      expect(await statementsOf(database, url)).toHaveLength(3)
      expect(await statementsOf(database, url.replace(/.\.ics$/, '.ics'))).toEqual([])
      await counted.close()
    })

    it('with the exceptions of a few at a time, and of no more than are written', async () => {
      const database = await held()
      const [all, few] = [await startParley({}, { database }), await startParley({ ANSWER_CHARACTERS: '20000' }, { database })]
      const { ada, roomId } = await aPlace(all)
      for (let index = 0; index < 60; index++) await schedule(ada, roomId, { recurrence: 'FREQ=DAILY' })
      await database.sql(
        `insert into meeting_exception (meeting_id, original_start, starts_at, ends_at)
         select id, starts_at + n * interval '1 day', starts_at + n * interval '1 day' + interval '1 hour', ends_at + n * interval '1 day' + interval '1 hour'
         from meeting, generate_series(1, 10) n where room_id = $1 returning 1`,
        [named(roomId).id],
      )
      const url = await calendarUrlOf(ada)
      const asked = async (from: string) => {
        const found = await statementsOf(database, from)
        return found.flatMap(({ text, values }) =>
          text.startsWith('MeetingException') ? [(values[0] as { where: { meetingId: { in: string[] } } }).where.meetingId.in.length] : [],
        )
      }
      expect(await asked(url)).toEqual([25, 25, 10])
      expect(await asked(url.replace(all.url, few.url).replace(all.app.url, few.url))).toEqual([25])
      await Promise.all([all.close(), few.close()])
    })

    it('one of a person at a time, however many ask for theirs at once', async () => {
      const database = await held()
      const counted = await startParley({}, { database })
      const { ada, ben, roomId } = await aPlace(counted)
      const { icsUrl } = await schedule(ada, roomId)
      const [url, bens] = [await calendarUrlOf(ada), await calendarUrlOf(ben)]
      const countOf = ({ id }: AUser) =>
        database.statements.filter(({ text, values }) => text.includes('calendar_links') && values[0] === named(id).id).length
      const { waits, release } = database.hold('createdByName')
      const reading = [url, icsUrl, url, icsUrl].map((one) => get(one))
      await waits()
      const other = get(bens)
      await until(() => countOf(ben) === 1)
      expect(countOf(ada)).toBe(1)
      release()
      expect((await Promise.all([...reading, other])).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
      expect(countOf(ada)).toBe(4)
      await counted.close()
    })
  })
})

describe('links to calendars', () => {
  it('that are not ours lead nowhere, like what there never was', async () => {
    const { ada, ben, cid, roomId } = await aPlace()
    const meeting = await schedule(ada, roomId)
    const other = await schedule(ada, roomId)
    const [place, token = ''] = [`${parley.url}/calendars`, meeting.icsUrl.split('/').at(-1)!.replace('.ics', '')]
    const [claims = '', signature = ''] = token.split('.')
    const changed = (more: object) => {
      const text = JSON.stringify({ ...JSON.parse(Buffer.from(claims, 'base64url').toString()), ...more })
      return `${Buffer.from(text).toString('base64url')}.${signature}`
    }
    const forged = [
      changed({ meetingId: named(other.id).id }),
      changed({ meetingId: null }),
      changed({ userId: named(ben.id).id }),
      changed({ generation: 1 }),
      `${claims}.${signature.slice(0, -1)}`,
      `${claims}.${signature.slice(0, -2)}${signature.endsWith('AA') ? 'BB' : 'AA'}`,
      claims,
      `${claims}.`,
      '.',
      'x'.repeat(9000),
      // Signed by us, for something else.
      new URL((await takeFile(ada, { filename: 'x.txt', mimeType: 'text/plain', bytes: Buffer.from('x') })).url!).pathname
        .split('/')
        .at(-1)!,
      // Signed by us, for somebody who does not see it.
      parley.app.services.calendars
        .urlOf({ userId: named(cid.id).id, meetingId: named(meeting.id).id, generation: 0 })
        .slice(place.length + 1, -4),
      parley.app.services.calendars.urlOf({ userId: named(meeting.id).id, meetingId: null, generation: 0 }).slice(place.length + 1, -4),
    ]
    const nowhere = await get(`${parley.url}/nowhere`)
    const words = await nowhere.text()
    for (const one of forged) {
      const response = await get(`${place}/${one}.ics`)
      expect([response.status, await response.text()], one.slice(0, 200)).toEqual([404, words])
    }
    expect(await statusOf(meeting.icsUrl.replace('.ics', ''))).toBe(404)
    expect(await statusOf(meeting.icsUrl)).toBe(200)
  })

  it('end with a new password and with signing out everywhere, and no others do', async () => {
    const { ada, ben, roomId } = await aPlace()
    const meeting = await schedule(ada, roomId)
    const urls = async (user: AUser) => [await icsUrlFor(user, meeting), await calendarUrlOf(user)]
    const statuses = (links: string[]) => Promise.all(links.map(statusOf))
    const [first, bens] = [await urls(ada), await urls(ben)]
    const again = async () => {
      const input = { handle: ada.handle, password: 'correct horse battery' }
      const { data } = await ada.post<{ signIn: { accessToken: string } }>(
        'mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }',
        { input },
      )
      return data!.signIn.accessToken
    }
    const device = await again()
    const sign = (everywhere: boolean, token: string) =>
      fetch(`${parley.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query: `mutation { signOut(input: { everywhere: ${everywhere} }) { endedSessions } }` }),
      })
    await sign(false, device)
    expect(await statuses(first)).toEqual([200, 200])
    const passwords = { currentPassword: 'correct horse battery', newPassword: 'another horse' }
    await write(ada, 'changePassword', passwords)
    expect(await statuses(first)).toEqual([404, 404])
    const second = await urls(ada)
    expect(await statuses(second)).toEqual([200, 200])
    await sign(true, ada.accessToken)
    expect(await statuses(second)).toEqual([404, 404])
    expect(await statuses(bens)).toEqual([200, 200])
  })

  it('end when the account is closed', async () => {
    const { ada, ben, roomId } = await aPlace()
    const meeting = await schedule(ada, roomId)
    const links = [await icsUrlFor(ben, meeting), await calendarUrlOf(ben)]
    await write(ben, 'deleteAccount', { password: 'correct horse battery' })
    expect(await Promise.all(links.map(statusOf))).toEqual([404, 404])
    expect(await statusOf(meeting.icsUrl)).toBe(200)
  })

  it('show a meeting as long as one sees it: members until they are removed', async () => {
    const { ada, ben, roomId } = await aPlace()
    const meeting = await schedule(ada, roomId)
    const [one, all] = [await icsUrlFor(ben, meeting), await calendarUrlOf(ben)]
    expect(await titlesAt(all)).toEqual(['Plans'])
    await write(ada, 'removeRoomMember', { roomId, userId: ben.id })
    expect(await statusOf(one)).toBe(404)
    expect(await titlesAt(all)).toEqual([])
  })

  it('show a meeting as long as one sees it: guests until they are invited no more', async () => {
    const { ada, cid, roomId } = await aPlace()
    const meeting = await schedule(ada, roomId, { attendeeIds: [cid.id] })
    const [one, all] = [await icsUrlFor(cid, meeting), await calendarUrlOf(cid)]
    expect([await titlesAt(one), await titlesAt(all)]).toEqual([['Plans'], ['Plans']])
    await write(ada, 'updateMeeting', { meetingId: meeting.id, attendeeIds: [] })
    expect(await statusOf(one)).toBe(404)
    expect(await titlesAt(all)).toEqual([])
  })

  it('may be followed so often a minute: those that were revoked take nothing of it', async () => {
    const strict = await startParley({ CALENDAR_PER_MINUTE: '3' })
    const { ada, ben, roomId } = await aPlace(strict)
    const meeting = await schedule(ada, roomId)
    const revoked = await calendarUrlOf(ada)
    await write(ada, 'changePassword', { currentPassword: 'correct horse battery', newPassword: 'another horse' })
    const [one, all] = [await icsUrlFor(ada, meeting), await calendarUrlOf(ada)]
    for (let time = 0; time < 3; time++) expect(await statusOf(revoked)).toBe(404)
    for (const url of [one, all, one]) expect(await statusOf(url)).toBe(200)
    const refused = await get(all)
    const { errors } = (await refused.json()) as { errors: { extensions: { code: string } }[] }
    expect([refused.status, errors[0]!.extensions.code]).toEqual([429, 'RATE_LIMITED'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(10)
    expect(await statusOf(await calendarUrlOf(ben))).toBe(200)
    await strict.close()
  })
})
