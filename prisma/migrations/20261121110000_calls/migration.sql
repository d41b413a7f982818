-- CreateEnum
CREATE TYPE "CallMedia" AS ENUM ('AUDIO', 'VIDEO');

-- CreateEnum
CREATE TYPE "CallState" AS ENUM ('RINGING', 'ONGOING', 'ENDED');

-- CreateEnum
CREATE TYPE "CallEndReason" AS ENUM ('HUNG_UP', 'DECLINED', 'MISSED', 'CANCELLED', 'CONNECTION_LOST', 'FAILED');

-- CreateEnum
CREATE TYPE "ParticipantState" AS ENUM ('RINGING', 'JOINED', 'LEFT', 'DECLINED', 'MISSED');

-- AlterEnum
ALTER TYPE "SystemMessageKind" ADD VALUE 'CALL_ENDED';
ALTER TYPE "SystemMessageKind" ADD VALUE 'CALL_MISSED';

-- CreateTable
CREATE TABLE "call" (
    "id" UUID NOT NULL,
    "room_id" UUID NOT NULL,
    "media" "CallMedia" NOT NULL,
    "state" "CallState" NOT NULL,
    "end_reason" "CallEndReason",
    "started_by_id" UUID NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "rings_until" TIMESTAMPTZ(3),
    "answered_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "call_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "call_participant" (
    "id" UUID NOT NULL,
    "call_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "state" "ParticipantState" NOT NULL,
    "place" INTEGER NOT NULL,
    "device_id" TEXT,
    "session_id" UUID,
    "audio" BOOLEAN NOT NULL DEFAULT false,
    "video" BOOLEAN NOT NULL DEFAULT false,
    "screen" BOOLEAN NOT NULL DEFAULT false,
    "joined_at" TIMESTAMPTZ(3),
    "left_at" TIMESTAMPTZ(3),
    "due_at" TIMESTAMPTZ(3),
    "is_dropped" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "call_participant_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "signal_nonce" (
    "to_id" UUID NOT NULL,
    "from_id" UUID NOT NULL,
    "nonce" TEXT NOT NULL,
    "input_hash" TEXT NOT NULL,
    "seq" INTEGER NOT NULL,

    CONSTRAINT "signal_nonce_pkey" PRIMARY KEY ("to_id","from_id","nonce")
);

-- CreateIndex
CREATE INDEX "call_participant_call_id_place_idx" ON "call_participant"("call_id", "place");

-- AddForeignKey
ALTER TABLE "call" ADD CONSTRAINT "call_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "room"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "call" ADD CONSTRAINT "call_started_by_id_fkey" FOREIGN KEY ("started_by_id") REFERENCES "app_user"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "call_participant" ADD CONSTRAINT "call_participant_call_id_fkey" FOREIGN KEY ("call_id") REFERENCES "call"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "call_participant" ADD CONSTRAINT "call_participant_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "app_user"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- One live call a room, however many begin one at once.
create unique index call_live_idx on call (room_id) where state <> 'ENDED';

-- One device a person and call.
create unique index call_participant_live_idx on call_participant (call_id, user_id) where state in ('RINGING', 'JOINED');

-- Whom it rings for, and who is in one: of all calls there ever were only those of the moment.
create index call_participant_user_idx on call_participant (user_id) where state in ('RINGING', 'JOINED');
create index call_participant_due_idx on call_participant (due_at) where due_at is not null;
