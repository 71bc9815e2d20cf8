-- CreateTable
CREATE TABLE "events" (
    "tx" BIGINT NOT NULL DEFAULT ((pg_current_xact_id())::text)::bigint,
    "seq" BIGSERIAL NOT NULL,
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "subject" UUID NOT NULL,
    "data" JSONB NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "events_pkey" PRIMARY KEY ("tx","seq")
);

-- By hand: schema.prisma has no word for UNLOGGED.
CREATE UNLOGGED TABLE "user_drafts" (
    "batch_id" UUID NOT NULL,
    "place" INTEGER NOT NULL,
    "id" UUID NOT NULL,
    "event_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "age" INTEGER,
    "role" "user_role" NOT NULL,
    "plan" "user_plan" NOT NULL,
    "tags" TEXT[],
    "metadata" JSONB NOT NULL,
    "address" JSONB,
    "password_hash" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "user_drafts_pkey" PRIMARY KEY ("batch_id","place")
);

-- CreateIndex
CREATE INDEX "events_occurred_at_idx" ON "events"("occurred_at");
