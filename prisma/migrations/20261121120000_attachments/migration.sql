-- CreateEnum
CREATE TYPE "AttachedKind" AS ENUM ('IMAGE', 'VIDEO', 'AUDIO', 'FILE');

-- CreateEnum
CREATE TYPE "AttachmentState" AS ENUM ('PENDING', 'READY', 'REJECTED');

-- AlterTable
ALTER TABLE "message" ADD COLUMN     "attached_kind" "AttachedKind";

-- CreateTable
CREATE TABLE "attachment" (
    "id" UUID NOT NULL,
    "owner_id" UUID NOT NULL,
    "state" "AttachmentState" NOT NULL DEFAULT 'PENDING',
    "rejected_because" TEXT,
    "filename" TEXT NOT NULL,
    "mime_type" TEXT NOT NULL,
    "size" INTEGER NOT NULL,
    "width" INTEGER,
    "height" INTEGER,
    "duration_ms" INTEGER,
    "has_preview" BOOLEAN NOT NULL DEFAULT false,
    "file_id" UUID,
    "message_id" UUID,
    "room_id" UUID,
    "place" SMALLINT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "goes_at" TIMESTAMPTZ(3),

    CONSTRAINT "attachment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "kept_file" (
    "id" UUID NOT NULL,
    "goes_at" TIMESTAMPTZ(3),

    CONSTRAINT "kept_file_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "avatar" (
    "id" UUID NOT NULL,
    "file_id" UUID NOT NULL,

    CONSTRAINT "avatar_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "avatar_file_id_key" ON "avatar"("file_id");

-- CreateIndex
CREATE INDEX "attachment_file_id_idx" ON "attachment"("file_id");

-- CreateIndex
CREATE UNIQUE INDEX "attachment_message_id_place_key" ON "attachment"("message_id", "place");

-- AddForeignKey
ALTER TABLE "attachment" ADD CONSTRAINT "attachment_owner_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "app_user"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "attachment" ADD CONSTRAINT "attachment_file_id_fkey" FOREIGN KEY ("file_id") REFERENCES "kept_file"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "attachment" ADD CONSTRAINT "attachment_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "message"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "avatar" ADD CONSTRAINT "avatar_file_id_fkey" FOREIGN KEY ("file_id") REFERENCES "kept_file"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What is not used (yet): counted a person, and swept when its time has come.
create index attachment_unused_idx on attachment (owner_id) where goes_at is not null;
create index attachment_going_idx on attachment (goes_at) where goes_at is not null;
create index kept_file_going_idx on kept_file (goes_at) where goes_at is not null;
