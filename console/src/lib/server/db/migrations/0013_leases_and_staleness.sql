CREATE TABLE "ledger_hearing" (
	"id" smallint PRIMARY KEY NOT NULL,
	"heard_at" timestamp with time zone NOT NULL,
	"silent_from" timestamp with time zone NOT NULL,
	"resumed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ledger_hearing_one_row" CHECK ("ledger_hearing"."id" = 1)
);
--> statement-breakpoint
DROP INDEX "budget_leases_instance";--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "stale_mode" text DEFAULT 'closed' NOT NULL;--> statement-breakpoint
ALTER TABLE "budget_leases" DROP COLUMN "is_gone";--> statement-breakpoint
ALTER TABLE "projects" ADD CONSTRAINT "projects_stale_mode" CHECK ("projects"."stale_mode" in ('closed', 'last_known', 'open'));