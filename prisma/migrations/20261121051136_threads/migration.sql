-- AlterTable
ALTER TABLE "message" ADD COLUMN     "reply_to_id" UUID,
ADD COLUMN     "thread_id" UUID;

-- CreateTable
CREATE TABLE "thread" (
    "id" UUID NOT NULL,
    "room_id" UUID NOT NULL,
    "reply_count" INTEGER NOT NULL,
    "last_reply_at" TIMESTAMPTZ(3),

    CONSTRAINT "thread_pkey" PRIMARY KEY ("id")
);

-- AddForeignKey
ALTER TABLE "message" ADD CONSTRAINT "message_reply_to_id_fkey" FOREIGN KEY ("reply_to_id") REFERENCES "message"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "message" ADD CONSTRAINT "message_thread_id_fkey" FOREIGN KEY ("thread_id") REFERENCES "thread"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "thread" ADD CONSTRAINT "thread_id_fkey" FOREIGN KEY ("id") REFERENCES "message"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- A room's messages without the replies in threads, and a thread's replies, by their place: a page of either costs what its rows cost.
create index message_outside_threads_idx on message (room_id, seq) where thread_id is null;
create index message_in_thread_idx on message (thread_id, seq) where thread_id is not null;

-- As it was, and replies find what they answer and the thread they hang in, under the same lock. What is wrong with them is an outcome:
-- 'no_reply_to', 'reply_to_deleted', 'reply_to_elsewhere' (in another thread), 'no_thread', 'thread_deleted' (nothing hung there yet).
-- `threads` name a thread or any message of it; where `are_threads` says so, it has to be a thread.
drop function send_messages(uuid[], uuid[], uuid[], text[], text[], text[]);

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
  ), looked_up as materialized (
    -- `stored` is what the nonce has named before; within this call its first sender in the order of arrival names it, its twins follow.
    select given.*,
      member.id is not null as is_member, member.id as member_id, member.role, member.joined_at,
      stored.id as stored_id, stored.seq as stored_seq, stored.content as stored_content, stored.created_at as stored_at,
      stored.edited_at, stored.deleted_at, stored.reply_to_id as stored_reply_to, stored.thread_id as stored_thread,
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
      select id, role, joined_at from room_member
      where room_id = given.room_id and user_id = given.sender_id and left_at is null limit 1
    ) member on true
    left join lateral (
      select id, seq, content, nonce_hash, created_at, edited_at, deleted_at, reply_to_id, thread_id from message
      where sender_id = given.sender_id and room_id = given.room_id and nonce = given.nonce limit 1
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
        when not is_member then 'not_found'
        when first_hash <> hash then 'conflict'
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
      (stream.head + row_number() over (partition by judged.room_id order by judged.place))::int as seq
    from judged
    cross join lateral (select head from stream where id = judged.room_id limit 1) stream
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
  ), places as materialized (
    select room_id, jsonb_build_object(
      'id', room.id, 'kind', room.kind, 'name', room.name, 'topic', room.topic, 'directKey', room.direct_key,
      'memberCount', room.member_count, 'createdById', room.created_by_id, 'createdAt', room.created_at,
      'head', stream.head, 'activeAt', stream.active_at) as place
    from (select distinct room_id from judged where verdict in ('sent', 'duplicate')) shown
    cross join lateral (
      select id, kind, name, topic, direct_key, member_count, created_by_id, created_at from room where id = shown.room_id limit 1
    ) room
    cross join lateral (select head, active_at from stream where id = shown.room_id limit 1) stream
  ), people as materialized (
    select sender_id, jsonb_build_object('id', person.id, 'handle', person.handle, 'name', person.name, 'createdAt', person.created_at) as person
    from (select distinct sender_id from judged where verdict in ('sent', 'duplicate')) shown
    cross join lateral (select id, handle, name, created_at from app_user where id = shown.sender_id limit 1) person
  )
  select judged.place, judged.verdict,
    case when people.person is not null then jsonb_build_object(
      'id', judged.first_id, 'roomId', judged.room_id, 'seq', coalesce(judged.stored_seq, fresh.seq), 'senderId', judged.sender_id,
      'content', coalesce(judged.stored_content, fresh.content), 'nonce', judged.nonce,
      'createdAt', coalesce(judged.stored_at, now_locked), 'editedAt', judged.edited_at, 'deletedAt', judged.deleted_at,
      'replyToId', coalesce(judged.stored_reply_to, fresh.reply_to), 'threadId', coalesce(judged.stored_thread, fresh.into_thread)) end,
    people.person,
    -- The head as this call found it, or as it is with this message: never later than what the answer shows.
    case when fresh.id is null then places.place
      else places.place || jsonb_build_object('head', fresh.seq, 'activeAt', now_locked) end,
    case when judged.is_member then jsonb_build_object(
      'id', judged.member_id, 'roomId', judged.room_id, 'userId', judged.sender_id, 'role', judged.role,
      'joinedAt', judged.joined_at, 'leftAt', null) end,
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
  left join places on places.room_id = judged.room_id and judged.verdict in ('sent', 'duplicate')
  left join fresh on fresh.id = judged.first_id and judged.verdict in ('sent', 'duplicate')
  left join lateral (
    select id, reply_count, last_reply_at from thread
    where id = coalesce(judged.stored_thread, judged.stored_id, fresh.into_thread) and judged.verdict in ('sent', 'duplicate') limit 1
  ) known on true
  order by judged.place;
end
$$;
