CREATE TABLE "budget_leases" (
	"id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"budget_id" text NOT NULL,
	"value" text NOT NULL,
	"period_starts_at" timestamp with time zone NOT NULL,
	"instance_id" text NOT NULL,
	"sequence" bigint NOT NULL,
	"granted_nano_usd" bigint NOT NULL,
	"spent_nano_usd" bigint NOT NULL,
	"reserved_nano_usd" bigint NOT NULL,
	"incurred_nano_usd" bigint NOT NULL,
	"landed_nano_usd" bigint DEFAULT 0 NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"reported_at" timestamp with time zone NOT NULL,
	"is_closed" boolean NOT NULL,
	CONSTRAINT "budget_leases_amounts" CHECK ("budget_leases"."granted_nano_usd" >= 0 and "budget_leases"."spent_nano_usd" >= 0 and "budget_leases"."reserved_nano_usd" >= 0 and "budget_leases"."incurred_nano_usd" >= 0 and "budget_leases"."landed_nano_usd" >= 0)
);
--> statement-breakpoint
CREATE TABLE "budget_ledgers" (
	"project_id" text NOT NULL,
	"budget_id" text NOT NULL,
	"value" text NOT NULL,
	"period_starts_at" timestamp with time zone NOT NULL,
	"settled_nano_usd" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "budget_ledgers_budget_id_value_period_starts_at_pk" PRIMARY KEY("budget_id","value","period_starts_at")
);
--> statement-breakpoint
ALTER TABLE "budget_leases" ADD CONSTRAINT "budget_leases_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budget_leases" ADD CONSTRAINT "budget_leases_budget_id_budgets_id_fk" FOREIGN KEY ("budget_id") REFERENCES "public"."budgets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budget_ledgers" ADD CONSTRAINT "budget_ledgers_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budget_ledgers" ADD CONSTRAINT "budget_ledgers_budget_id_budgets_id_fk" FOREIGN KEY ("budget_id") REFERENCES "public"."budgets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "budget_leases_unsettled" ON "budget_leases" USING btree ("budget_id","value","period_starts_at") WHERE not ("budget_leases"."is_closed" and "budget_leases"."landed_nano_usd" >= "budget_leases"."spent_nano_usd");