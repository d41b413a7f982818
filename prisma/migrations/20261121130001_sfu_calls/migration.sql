-- AlterTable
ALTER TABLE "call" ADD COLUMN     "sfu_due_at" TIMESTAMPTZ(3),
ADD COLUMN     "sfu_left_at" TIMESTAMPTZ(3);

create index call_sfu_due_idx on call (sfu_due_at) where sfu_due_at is not null;
