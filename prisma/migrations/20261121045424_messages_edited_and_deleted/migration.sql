-- AlterTable
ALTER TABLE "message" ADD COLUMN     "deleted_at" TIMESTAMPTZ(3),
ADD COLUMN     "edited_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "message_edit" (
    "message_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "content" TEXT NOT NULL,
    "replaced_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "message_edit_pkey" PRIMARY KEY ("message_id","seq")
);

-- AddForeignKey
ALTER TABLE "message_edit" ADD CONSTRAINT "message_edit_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "message"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- As it was, and of a message that its nonce names again also when it was edited and deleted. (What holds about locks and plans is said
-- where it was first made.)
create or replace function send_messages(rooms uuid[], senders uuid[], ids uuid[], nonces text[], hashes text[], contents text[])
returns table (place int, outcome text, message jsonb, sender jsonb, room jsonb, membership jsonb)
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
    select given.place::int as place, given.room_id, given.sender_id, given.id, given.nonce, given.hash, given.content
    from unnest(rooms, senders, ids, nonces, hashes, contents) with ordinality
      as given(room_id, sender_id, id, nonce, hash, content, place)
  ), looked_up as materialized (
    -- `stored` is what the nonce has named before; within this call its first sender in the order of arrival names it, its twins follow.
    select given.*,
      member.id is not null as is_member, member.id as member_id, member.role, member.joined_at,
      stored.id as stored_id, stored.seq as stored_seq, stored.content as stored_content, stored.created_at as stored_at,
      stored.edited_at, stored.deleted_at,
      coalesce(stored.id, first_value(given.id) over twins) as first_id,
      coalesce(stored.nonce_hash, first_value(given.hash) over twins) as first_hash
    from given
    left join lateral (
      select id, role, joined_at from room_member
      where room_id = given.room_id and user_id = given.sender_id and left_at is null limit 1
    ) member on true
    left join lateral (
      select id, seq, content, nonce_hash, created_at, edited_at, deleted_at from message
      where sender_id = given.sender_id and room_id = given.room_id and nonce = given.nonce limit 1
    ) stored on true
    window twins as (partition by given.room_id, given.sender_id, given.nonce order by given.place)
  ), judged as materialized (
    select *,
      case
        -- Its own id is stored already: the same call once more, because the answer to the first was lost.
        when stored_id = id then 'sent'
        when not is_member then 'not_found'
        when first_hash <> hash then 'conflict'
        when first_id = id then 'sent'
        else 'duplicate'
      end as verdict
    from looked_up
  ), fresh as materialized (
    select judged.id, judged.room_id, judged.sender_id, judged.nonce, judged.hash, judged.content,
      (stream.head + row_number() over (partition by judged.room_id order by judged.place))::int as seq
    from judged
    cross join lateral (select head from stream where id = judged.room_id limit 1) stream
    where judged.verdict = 'sent' and judged.stored_id is null
  ), raised as (
    update stream set head = heads.head, active_at = now_locked
    from (select room_id, max(seq) as head from fresh group by room_id) heads
    where stream.id = heads.room_id
  ), added as (
    insert into message (id, room_id, seq, sender_id, content, nonce, nonce_hash, created_at)
    select id, room_id, seq, sender_id, content, nonce, hash, now_locked from fresh
  ), logged as (
    insert into event (stream_id, seq, type, data, at)
    select room_id, seq, 'MessageAdded', jsonb_build_object('messageId', id, 'actorId', sender_id), now_locked from fresh
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
      'createdAt', coalesce(judged.stored_at, now_locked), 'editedAt', judged.edited_at, 'deletedAt', judged.deleted_at) end,
    people.person,
    -- The head as this call found it, or as it is with this message: never later than what the answer shows.
    case when fresh.id is null then places.place
      else places.place || jsonb_build_object('head', fresh.seq, 'activeAt', now_locked) end,
    case when judged.is_member then jsonb_build_object(
      'id', judged.member_id, 'roomId', judged.room_id, 'userId', judged.sender_id, 'role', judged.role,
      'joinedAt', judged.joined_at, 'leftAt', null) end
  from judged
  left join people on people.sender_id = judged.sender_id and judged.verdict in ('sent', 'duplicate')
  left join places on places.room_id = judged.room_id and judged.verdict in ('sent', 'duplicate')
  left join fresh on fresh.id = judged.first_id and judged.verdict in ('sent', 'duplicate')
  order by judged.place;
end
$$;
