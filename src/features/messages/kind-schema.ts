import { builder } from '../../graphql/builder.ts'
import { Message } from './schema.ts'

const MessageKind = builder.enumType('MessageKind', {
  description: 'What a message is made of.',
  values: {
    TEXT: { description: 'What somebody typed.' },
    IMAGE: { description: 'Pictures, perhaps with words.' },
    VIDEO: { description: 'Films, perhaps with words.' },
    AUDIO: { description: 'Sounds, perhaps with words.' },
    FILE: { description: 'Other files, or of several sorts, perhaps with words.' },
    SYSTEM: { description: 'What the room says of itself: `systemKind` tells what.' },
  } as const,
})

const SystemMessageKind = builder.enumType('SystemMessageKind', {
  description: 'What a SYSTEM message tells. Its sender is whom it tells of.',
  values: {
    MEMBER_JOINED: { description: 'The sender joined the room, or was added.' },
    MEMBER_LEFT: { description: 'The sender left the room, or was removed.' },
    ROOM_RENAMED: { description: 'The sender gave the room another name.' },
    CALL_ENDED: { description: 'A call that the sender began is over, or was declined.' },
    CALL_MISSED: { description: 'A call that the sender began was answered by nobody.' },
    MEETING_STARTED: { description: 'A meeting that the sender scheduled has begun.' },
  } as const,
})

builder.objectFields(Message, (t) => ({
  kind: t.field({
    type: MessageKind,
    description: 'What it is made of.',
    resolve: ({ systemKind, attachedKind }) => (systemKind === null ? (attachedKind ?? 'TEXT') : 'SYSTEM'),
  }),
  systemKind: t.expose('systemKind', {
    type: SystemMessageKind,
    nullable: true,
    description: 'What a SYSTEM message tells, for interfaces in any language; its content says it in English. Null for all others.',
  }),
}))
