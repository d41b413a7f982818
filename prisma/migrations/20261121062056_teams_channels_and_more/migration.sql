-- CreateEnum
CREATE TYPE "TeamRole" AS ENUM ('LEAD', 'MEMBER');

-- CreateEnum
CREATE TYPE "NotificationLevel" AS ENUM ('ALL', 'MENTIONS', 'NONE');

-- CreateEnum
CREATE TYPE "SystemMessageKind" AS ENUM ('MEMBER_JOINED', 'MEMBER_LEFT', 'ROOM_RENAMED');

-- AlterEnum
ALTER TYPE "RoomKind" ADD VALUE 'CHANNEL';

-- DropIndex
DROP INDEX "message_sender_id_room_id_nonce_key";

-- AlterTable
ALTER TABLE "app_user" ADD COLUMN     "deleted_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "message" ADD COLUMN     "forwarded_from_id" UUID,
ADD COLUMN     "pinned_seq" INTEGER,
ADD COLUMN     "system_kind" "SystemMessageKind";

-- AlterTable
ALTER TABLE "room" ADD COLUMN     "archived_at" TIMESTAMPTZ(3),
ADD COLUMN     "is_general" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "is_private" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "is_severed" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "team_id" UUID;

-- AlterTable
ALTER TABLE "room_member" ADD COLUMN     "muted_until" TIMESTAMPTZ(3),
ADD COLUMN     "notification_level" "NotificationLevel" NOT NULL DEFAULT 'ALL';

-- CreateTable
CREATE TABLE "block" (
    "blocker_id" UUID NOT NULL,
    "blocked_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "block_pkey" PRIMARY KEY ("blocker_id","blocked_id")
);

-- CreateTable
CREATE TABLE "team" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "slug" TEXT NOT NULL,
    "member_count" INTEGER NOT NULL,
    "created_by_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "team_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "team_member" (
    "id" UUID NOT NULL,
    "team_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "role" "TeamRole" NOT NULL,
    "joined_at" TIMESTAMPTZ(3) NOT NULL,
    "left_at" TIMESTAMPTZ(3),

    CONSTRAINT "team_member_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "mention" (
    "message_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "place" SMALLINT NOT NULL,

    CONSTRAINT "mention_pkey" PRIMARY KEY ("message_id","user_id")
);

-- CreateIndex
CREATE INDEX "block_blocked_id_idx" ON "block"("blocked_id");

-- CreateIndex
CREATE UNIQUE INDEX "team_slug_key" ON "team"("slug");

-- CreateIndex
CREATE INDEX "team_member_user_id_idx" ON "team_member"("user_id");

-- CreateIndex
CREATE INDEX "team_member_team_id_joined_at_id_idx" ON "team_member"("team_id", "joined_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "team_member_team_id_user_id_key" ON "team_member"("team_id", "user_id");

-- CreateIndex
CREATE INDEX "room_team_id_created_at_id_idx" ON "room"("team_id", "created_at", "id");

-- AddForeignKey
ALTER TABLE "block" ADD CONSTRAINT "block_blocker_id_fkey" FOREIGN KEY ("blocker_id") REFERENCES "app_user"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "block" ADD CONSTRAINT "block_blocked_id_fkey" FOREIGN KEY ("blocked_id") REFERENCES "app_user"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "team" ADD CONSTRAINT "team_created_by_id_fkey" FOREIGN KEY ("created_by_id") REFERENCES "app_user"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "team_member" ADD CONSTRAINT "team_member_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "team_member" ADD CONSTRAINT "team_member_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "app_user"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "room" ADD CONSTRAINT "room_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "message" ADD CONSTRAINT "message_forwarded_from_id_fkey" FOREIGN KEY ("forwarded_from_id") REFERENCES "message"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "mention" ADD CONSTRAINT "mention_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "message"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "mention" ADD CONSTRAINT "mention_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "app_user"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- A send's nonce is its own, a forward's too.
create unique index message_nonce_idx on message (sender_id, room_id, nonce) where forwarded_from_id is null;
create unique index message_forward_nonce_idx on message (sender_id, room_id, nonce) where forwarded_from_id is not null;

create index message_pinned_idx on message (room_id, pinned_seq) where pinned_seq is not null;

-- The channel that everybody joins with the team: each has one, found at once among however many.
create unique index room_general_idx on room (team_id) where is_general;

-- As it was, and it answers 'unsure' where being a member does not decide: for whoever is none (a public channel may be joined by posting),
-- for the muted, in archived rooms and between people who are severed. Those are decided, and sent, the longer way.
drop function send_messages(uuid[], uuid[], uuid[], text[], text[], text[], uuid[], uuid[], boolean[]);

create function send_messages(rooms uuid[], senders uuid[], ids uuid[], nonces text[], hashes text[], contents text[],
  reply_tos uuid[], threads uuid[], are_threads boolean[])
returns table (place int, outcome text, message jsonb, sender jsonb, room jsonb, membership jsonb, thread jsonb)
language plpgsql volatile
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  now_locked timestamptz(3);
begin
  -- In the order of their ids, so that no two calls wait for each other; NO KEY, because foreign keys refer to rooms and people.
  perform 1 from stream where id = any(rooms) order by id for no key update;
  now_locked := clock_timestamp();

  return query
  with given as materialized (
    select given.place::int as place, given.room_id, given.sender_id, given.id, given.nonce, given.hash, given.content,
      given.reply_to, given.thread, given.is_thread
    from unnest(rooms, senders, ids, nonces, hashes, contents, reply_tos, threads, are_threads) with ordinality
      as given(room_id, sender_id, id, nonce, hash, content, reply_to, thread, is_thread, place)
  ), places as materialized (
    -- With the head as this call found it: one that sends something knows what came after.
    select room_id, stream.head, room.archived_at is not null or room.is_severed as is_quiet, jsonb_build_object(
      'id', room.id, 'kind', room.kind, 'name', room.name, 'topic', room.topic, 'directKey', room.direct_key,
      'isSevered', room.is_severed, 'teamId', room.team_id, 'isPrivate', room.is_private, 'isGeneral', room.is_general,
      'archivedAt', room.archived_at, 'memberCount', room.member_count, 'createdById', room.created_by_id, 'createdAt', room.created_at,
      'head', stream.head, 'activeAt', stream.active_at) as room
    from (select distinct room_id from given) asked
    cross join lateral (
      select id, kind, name, topic, direct_key, is_severed, team_id, is_private, is_general, archived_at, member_count, created_by_id, created_at
      from room where id = asked.room_id limit 1
    ) room
    cross join lateral (select head, active_at from stream where id = asked.room_id limit 1) stream
  ), looked_up as materialized (
    -- `stored` is what the nonce has named before; within this call its first sender in the order of arrival names it, its twins follow.
    select given.*,
      member.id is not null as is_member, member.id as member_id, member.role, member.joined_at, member.muted_until, member.notification_level,
      places.head, places.room,
      coalesce(places.is_quiet or (member.role <> 'ADMIN' and member.muted_until > now_locked), false) as is_quiet,
      stored.id as stored_id, stored.seq as stored_seq, stored.content as stored_content, stored.created_at as stored_at,
      stored.edited_at, stored.deleted_at, stored.pinned_seq, stored.reply_to_id as stored_reply_to, stored.thread_id as stored_thread,
      coalesce(hung.root, quoted.thread_id) as into_thread,
      case
        when given.thread is not null and (hung.root is null or (given.is_thread and begun.id is distinct from given.thread)) then 'no_thread'
        when given.thread is not null and begun.id is null and hung.deleted_at is not null then 'thread_deleted'
        when given.reply_to is not null and quoted.id is null then 'no_reply_to'
        when quoted.deleted_at is not null then 'reply_to_deleted'
        when given.thread is not null and coalesce(quoted.thread_id, quoted.id) <> hung.root then 'reply_to_elsewhere'
      end as fault,
      coalesce(stored.id, first_value(given.id) over twins) as first_id,
      coalesce(stored.nonce_hash, first_value(given.hash) over twins) as first_hash
    from given
    left join lateral (
      select id, role, joined_at, muted_until, notification_level from room_member
      where room_id = given.room_id and user_id = given.sender_id and left_at is null limit 1
    ) member on true
    left join places on places.room_id = given.room_id
    left join lateral (
      select id, seq, content, nonce_hash, created_at, edited_at, deleted_at, pinned_seq, reply_to_id, thread_id from message
      where sender_id = given.sender_id and room_id = given.room_id and nonce = given.nonce and forwarded_from_id is null limit 1
    ) stored on true
    left join lateral (
      select id, thread_id, deleted_at from message where id = given.reply_to and room_id = given.room_id limit 1
    ) quoted on true
    left join lateral (
      select coalesce(thread_id, id) as root, deleted_at from message where id = given.thread and room_id = given.room_id limit 1
    ) hung on true
    left join lateral (
      select id from thread where id = hung.root limit 1
    ) begun on true
    window twins as (partition by given.room_id, given.sender_id, given.nonce order by given.place)
  ), judged as materialized (
    select *,
      case
        -- Its own id is stored already: the same call once more, because the answer to the first was lost.
        when stored_id = id then 'sent'
        when not is_member then 'unsure'
        when first_hash <> hash then 'conflict'
        when stored_id is null and is_quiet then 'unsure'
        -- Its twins in this call ask the same, so they fail with it.
        when stored_id is null and fault is not null then fault
        when first_id = id then 'sent'
        else 'duplicate'
      end as verdict
    from looked_up
  ), fresh as materialized (
    select judged.id, judged.room_id, judged.sender_id, judged.nonce, judged.hash, judged.content,
      judged.reply_to, judged.into_thread,
      row_number() over (partition by judged.into_thread order by judged.place)::int as nth_in_thread,
      (judged.head + row_number() over (partition by judged.room_id order by judged.place))::int as seq
    from judged
    where judged.verdict = 'sent' and judged.stored_id is null
  ), raised as (
    update stream set head = heads.head, active_at = now_locked
    from (select room_id, max(seq) as head from fresh group by room_id) heads
    where stream.id = heads.room_id
  ), hung_in as (
    insert into thread (id, room_id, reply_count, last_reply_at)
    select into_thread, room_id, count(*), now_locked from fresh where into_thread is not null group by into_thread, room_id
    on conflict (id) do update set reply_count = thread.reply_count + excluded.reply_count, last_reply_at = excluded.last_reply_at
  ), added as (
    insert into message (id, room_id, seq, sender_id, content, nonce, nonce_hash, created_at, reply_to_id, thread_id)
    select id, room_id, seq, sender_id, content, nonce, hash, now_locked, reply_to, into_thread from fresh
  ), logged as (
    insert into event (stream_id, seq, type, data, at)
    select room_id, seq, 'MessageAdded',
      jsonb_strip_nulls(jsonb_build_object('messageId', id, 'actorId', sender_id, 'replyToId', reply_to, 'threadId', into_thread)), now_locked
    from fresh
  ), people as materialized (
    select sender_id, jsonb_build_object(
      'id', person.id, 'handle', person.handle, 'name', person.name, 'createdAt', person.created_at, 'deletedAt', person.deleted_at) as person
    from (select distinct sender_id from judged where verdict in ('sent', 'duplicate')) shown
    cross join lateral (select id, handle, name, created_at, deleted_at from app_user where id = shown.sender_id limit 1) person
  )
  select judged.place, judged.verdict,
    case
      when people.person is null then null
      -- What can only be said of a message later is not said of one that is new.
      when judged.stored_id is null then jsonb_build_object(
        'id', fresh.id, 'roomId', judged.room_id, 'seq', fresh.seq, 'senderId', judged.sender_id, 'content', fresh.content,
        'nonce', judged.nonce, 'createdAt', now_locked, 'replyToId', fresh.reply_to, 'threadId', fresh.into_thread)
      else jsonb_build_object(
        'id', judged.stored_id, 'roomId', judged.room_id, 'seq', judged.stored_seq, 'senderId', judged.sender_id,
        'content', judged.stored_content, 'nonce', judged.nonce, 'createdAt', judged.stored_at, 'editedAt', judged.edited_at,
        'deletedAt', judged.deleted_at, 'replyToId', judged.stored_reply_to, 'threadId', judged.stored_thread, 'pinnedSeq', judged.pinned_seq)
    end,
    people.person,
    case when people.person is not null then judged.room end,
    case when judged.is_member then jsonb_build_object(
      'id', judged.member_id, 'roomId', judged.room_id, 'userId', judged.sender_id, 'role', judged.role,
      'joinedAt', judged.joined_at, 'mutedUntil', judged.muted_until, 'notificationLevel', judged.notification_level) end,
    -- The thread it is in, with this reply; or that it began, as it stands.
    case
      when fresh.into_thread is not null then jsonb_build_object(
        'id', fresh.into_thread, 'roomId', judged.room_id, 'replyCount', coalesce(known.reply_count, 0) + fresh.nth_in_thread,
        'lastReplyAt', now_locked)
      when known.id is not null then jsonb_build_object(
        'id', known.id, 'roomId', judged.room_id, 'replyCount', known.reply_count, 'lastReplyAt', known.last_reply_at)
    end
  from judged
  left join people on people.sender_id = judged.sender_id and judged.verdict in ('sent', 'duplicate')
  left join fresh on fresh.id = judged.first_id and judged.verdict in ('sent', 'duplicate')
  left join lateral (
    select id, reply_count, last_reply_at from thread
    where id = coalesce(judged.stored_thread, judged.stored_id, fresh.into_thread) and judged.verdict in ('sent', 'duplicate') limit 1
  ) known on true
  order by judged.place;
end
$$;
