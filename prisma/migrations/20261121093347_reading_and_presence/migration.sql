-- CreateEnum
CREATE TYPE "PresenceStatus" AS ENUM ('ONLINE', 'AWAY', 'DO_NOT_DISTURB', 'OFFLINE');

-- AlterTable
ALTER TABLE "mention" ADD COLUMN     "room_id" UUID,
ADD COLUMN     "seq" INTEGER;
update mention set room_id = message.room_id, seq = message.seq from message where message.id = mention.message_id;
ALTER TABLE "mention" ALTER COLUMN "room_id" SET NOT NULL,
ALTER COLUMN "seq" SET NOT NULL;

-- CreateTable
CREATE TABLE "presence" (
    "user_id" UUID NOT NULL,
    "status" "PresenceStatus" NOT NULL DEFAULT 'ONLINE',
    "text" TEXT,
    "until" TIMESTAMPTZ(3),
    "last_seen_at" TIMESTAMPTZ(3),

    CONSTRAINT "presence_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "read_mark" (
    "id" UUID NOT NULL,
    "room_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "is_told" BOOLEAN NOT NULL DEFAULT true,

    CONSTRAINT "read_mark_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "read_move" (
    "room_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "read_move_pkey" PRIMARY KEY ("room_id","user_id","seq")
);

-- CreateTable
CREATE TABLE "marks_told" (
    "room_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "marks_told_pkey" PRIMARY KEY ("room_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "read_mark_room_id_user_id_key" ON "read_mark"("room_id", "user_id");

-- CreateIndex
CREATE INDEX "read_move_at_idx" ON "read_move"("at");

-- CreateIndex
CREATE INDEX "mention_user_id_room_id_seq_idx" ON "mention"("user_id", "room_id", "seq");

-- AddForeignKey
ALTER TABLE "presence" ADD CONSTRAINT "presence_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "app_user"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "read_mark" ADD CONSTRAINT "read_mark_id_fkey" FOREIGN KEY ("id") REFERENCES "room_member"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Who is in a room has read what stands there: nobody is shown years of messages as new.
insert into read_mark (id, room_id, user_id, seq, at)
select m.id, m.room_id, m.user_id, s.head, clock_timestamp() from room_member m join stream s on s.id = m.room_id where m.left_at is null;

-- Marks of which their rooms have not heard yet: mostly none.
create index read_mark_untold_idx on read_mark (room_id) where not is_told;
