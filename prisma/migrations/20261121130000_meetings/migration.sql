-- CreateEnum
CREATE TYPE "CallTransport" AS ENUM ('PEER_TO_PEER', 'SFU');

-- CreateEnum
CREATE TYPE "MeetingStatus" AS ENUM ('SCHEDULED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "Rsvp" AS ENUM ('PENDING', 'ACCEPTED', 'TENTATIVE', 'DECLINED');

-- AlterEnum
ALTER TYPE "SystemMessageKind" ADD VALUE 'MEETING_STARTED';

-- AlterTable
ALTER TABLE "call" ADD COLUMN     "meeting_id" UUID,
ADD COLUMN     "transport" "CallTransport" NOT NULL DEFAULT 'PEER_TO_PEER';

-- CreateTable
CREATE TABLE "meeting" (
    "id" UUID NOT NULL,
    "room_id" UUID NOT NULL,
    "title" TEXT NOT NULL,
    "description" TEXT,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,
    "time_zone" TEXT NOT NULL,
    "recurrence" TEXT,
    "first_starts_at" TIMESTAMPTZ(3) NOT NULL,
    "last_ends_at" TIMESTAMPTZ(3),
    "status" "MeetingStatus" NOT NULL DEFAULT 'SCHEDULED',
    "current_start" TIMESTAMPTZ(3) NOT NULL,
    "reminded_of" TIMESTAMPTZ(3),
    "due_at" TIMESTAMPTZ(3),
    "revision" INTEGER NOT NULL DEFAULT 0,
    "created_by_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "cancelled_at" TIMESTAMPTZ(3),

    CONSTRAINT "meeting_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "meeting_exception" (
    "meeting_id" UUID NOT NULL,
    "original_start" TIMESTAMPTZ(3) NOT NULL,
    "starts_at" TIMESTAMPTZ(3),
    "ends_at" TIMESTAMPTZ(3),
    "is_cancelled" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "meeting_exception_pkey" PRIMARY KEY ("meeting_id","original_start")
);

-- CreateTable
CREATE TABLE "meeting_attendee" (
    "id" UUID NOT NULL,
    "meeting_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "rsvp" "Rsvp" NOT NULL DEFAULT 'PENDING',
    "is_guest" BOOLEAN NOT NULL DEFAULT false,
    "invited_by_id" UUID NOT NULL,
    "invited_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "meeting_attendee_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "calendar_links" (
    "user_id" UUID NOT NULL,
    "generation" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "calendar_links_pkey" PRIMARY KEY ("user_id")
);

-- CreateIndex
CREATE INDEX "meeting_room_id_last_ends_at_idx" ON "meeting"("room_id", "last_ends_at");

-- CreateIndex
CREATE INDEX "meeting_attendee_meeting_id_invited_at_id_idx" ON "meeting_attendee"("meeting_id", "invited_at", "id");

-- CreateIndex
CREATE INDEX "meeting_attendee_user_id_idx" ON "meeting_attendee"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "meeting_attendee_meeting_id_user_id_key" ON "meeting_attendee"("meeting_id", "user_id");

-- AddForeignKey
ALTER TABLE "call" ADD CONSTRAINT "call_meeting_id_fkey" FOREIGN KEY ("meeting_id") REFERENCES "meeting"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "meeting" ADD CONSTRAINT "meeting_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "room"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "meeting" ADD CONSTRAINT "meeting_created_by_id_fkey" FOREIGN KEY ("created_by_id") REFERENCES "app_user"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "meeting_exception" ADD CONSTRAINT "meeting_exception_meeting_id_fkey" FOREIGN KEY ("meeting_id") REFERENCES "meeting"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "meeting_attendee" ADD CONSTRAINT "meeting_attendee_meeting_id_fkey" FOREIGN KEY ("meeting_id") REFERENCES "meeting"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "meeting_attendee" ADD CONSTRAINT "meeting_attendee_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "app_user"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "meeting_attendee" ADD CONSTRAINT "meeting_attendee_invited_by_id_fkey" FOREIGN KEY ("invited_by_id") REFERENCES "app_user"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "calendar_links" ADD CONSTRAINT "calendar_links_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "app_user"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- One live call a room, and one a meeting, however many begin one at once.
drop index call_live_idx;
create unique index call_live_idx on call (room_id) where state <> 'ENDED' and meeting_id is null;
create unique index call_live_meeting_idx on call (meeting_id) where state <> 'ENDED';

create index meeting_due_idx on meeting (due_at) where due_at is not null;
