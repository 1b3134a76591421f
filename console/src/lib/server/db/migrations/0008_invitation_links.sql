DROP INDEX "invitations_organization";--> statement-breakpoint
ALTER TABLE "invitations" ADD COLUMN "token_sha256" "bytea";--> statement-breakpoint
ALTER TABLE "invitations" ADD COLUMN "is_sent_by_mail" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "invitations_pending" ON "invitations" USING btree ("organization_id","email") WHERE "invitations"."status" = 'pending';--> statement-breakpoint
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_tokenSha256_unique" UNIQUE("token_sha256");