-- Finding people by the beginning of their handle or name. Prisma's schema cannot say this: they are indexes on expressions.

-- CreateIndex
CREATE INDEX "app_user_handle_prefix_idx" ON "app_user"((lower("handle")) COLLATE "C", "id");

-- CreateIndex
CREATE INDEX "app_user_name_prefix_idx" ON "app_user"((lower("name")) COLLATE "C", "id");
