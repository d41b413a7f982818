-- CreateIndex
CREATE INDEX "attachment_owner_id_file_id_size_idx" ON "attachment"("owner_id", "file_id", "size");
