-- CreateTable
CREATE TABLE "message_words" (
    "room_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "message_id" UUID NOT NULL,
    "words" tsvector NOT NULL,

    CONSTRAINT "message_words_pkey" PRIMARY KEY ("room_id","at","message_id")
);

-- CreateIndex
CREATE INDEX "message_words_words_idx" ON "message_words" USING GIN ("words");

-- New words wait in a list, and are sorted in together: sent one by one they would cost half of what a database can send. The list is read by
-- each search, and sorted in by a send: so it is kept short.
alter index message_words_words_idx set (gin_pending_list_limit = 512);

-- Only the server knows how to cut what was said into words: it fills in what is there, the newest first, and deletes this when it is through.
insert into setting (name, value)
select 'searchFilledDownTo', 'ffffffff-ffff-ffff-ffff-ffffffffffff' where exists (select from message);

-- The newest messages that satisfy a condition, newest first, of the rooms that a person sees now: those they are in, and the public channels
-- of their teams. All older than a place in that order, none older than `since`.
--
-- Neither way of looking for them is good for every condition. Walking back from the newest finds at once what is said often, and for what was
-- said once reads everything. The index finds that at once, and for what is said often brings half of all there is, to be sorted. How often
-- something is said in the rooms of one person nobody can tell beforehand: so some thousand messages are walked, and only if those do not fill
-- the page the index is asked. If it knows more than can be sorted quickly, then walking on comes to some of them.
--
-- It walks in steps through time, since a person may be in hundreds of rooms, of which most are silent: each step reads what was said in any of
-- them meanwhile, and is as long as the last one has shown it has to be.
create function search_messages(viewer uuid, wanted tsquery, only_room uuid, since timestamptz, before_at timestamptz, before_id uuid, most int)
returns uuid[]
language plpgsql stable
set enable_seqscan = off
set jit = off
set work_mem = '16MB'
as $$
declare
  first_id constant uuid := '00000000-0000-0000-0000-000000000000';
  walked_before_asking constant int := 5000;
  sorted_most constant int := 20000;
  rooms uuid[];
  events bigint;
  begun timestamptz;
  edge timestamptz;
  lower_at timestamptz;
  step interval;
  is_last boolean := false;
  has_asked boolean := false;
  walked int := 0;
  walked_now int;
  known int;
  hits uuid[];
  found uuid[] := '{}';
begin
  select array_agg(seen.id), sum(stream.head), min(room.created_at), max(stream.active_at) into rooms, events, begun, edge
  from (
    select room_id as id from room_member where user_id = viewer and left_at is null
    union
    select room.id from team_member member join room on room.team_id = member.team_id
    where member.user_id = viewer and member.left_at is null and room.kind = 'CHANNEL' and not room.is_private
  ) seen
  join room on room.id = seen.id
  join stream on stream.id = seen.id
  where only_room is null or seen.id = only_room;
  if rooms is null then return found; end if;

  edge := least(edge, before_at);
  step := (edge - begun) * (greatest(1000.0, cardinality(rooms)) / greatest(events, 1000));
  loop
    lower_at := edge - greatest(step, interval '1 second');
    is_last := lower_at <= begun or lower_at <= since;
    if is_last then lower_at := since; end if;

    -- The rooms one by one, each by its own range of the key.
    select count(*), array_agg(walk.message_id order by walk.at desc, walk.message_id desc) filter (where walk.is_hit)
    into walked_now, hits
    from unnest(rooms) seen(id) cross join lateral (
      select at, message_id, words @@ wanted as is_hit from message_words
      where room_id = seen.id and at >= lower_at and (at, message_id) < (before_at, before_id) offset 0
    ) walk;
    found := found || hits[:most - cardinality(found)];
    exit when is_last or cardinality(found) >= most;
    edge := lower_at;
    before_at := lower_at;
    before_id := first_id;

    -- Looking for a room in the index takes as long as two of its messages.
    walked := walked + walked_now + 2 * cardinality(rooms);
    if walked >= walked_before_asking and not has_asked then
      has_asked := true;
      with indexed as materialized (
        select room_id, at, message_id from message_words where words @@ wanted limit sorted_most + 1
      )
      select (select count(*) from indexed), array_agg(message_id order by at desc, message_id desc)
      into known, hits
      from indexed join unnest(rooms) seen(id) on seen.id = room_id
      where at >= since and (at, message_id) < (before_at, before_id);
      if known <= sorted_most then return found || hits[:most - cardinality(found)]; end if;
    end if;
    step := step * least(8, greatest(0.25, least(greatest(walked, 1000), 50000)::float / greatest(walked_now, 1)));
  end loop;
  return found;
end
$$;

-- As it was, and it writes by which words each message is found.
drop function send_messages(uuid[], uuid[], uuid[], text[], text[], text[], uuid[], uuid[], boolean[]);

create function send_messages(rooms uuid[], senders uuid[], ids uuid[], nonces text[], hashes text[], contents text[],
  reply_tos uuid[], threads uuid[], are_threads boolean[], tokens text[])
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
      given.reply_to, given.thread, given.is_thread, given.tokens
    from unnest(rooms, senders, ids, nonces, hashes, contents, reply_tos, threads, are_threads, tokens) with ordinality
      as given(room_id, sender_id, id, nonce, hash, content, reply_to, thread, is_thread, tokens, place)
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
      judged.reply_to, judged.into_thread, judged.tokens,
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
  ), made_findable as (
    insert into message_words (room_id, at, message_id, words)
    select room_id, now_locked, id, array_to_tsvector(string_to_array(tokens, ' ')) from fresh
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
