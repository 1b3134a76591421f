CREATE TABLE "budget_overrides" (
	"id" text PRIMARY KEY NOT NULL,
	"budget_id" text NOT NULL,
	"project_id" text NOT NULL,
	"limit_nano_usd" bigint NOT NULL,
	"reason" text NOT NULL,
	"starts_at" timestamp with time zone NOT NULL,
	"ends_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"created_by" text NOT NULL,
	"ended_by" text,
	CONSTRAINT "budget_overrides_limit" CHECK ("budget_overrides"."limit_nano_usd" > 0)
);
--> statement-breakpoint
CREATE TABLE "budgets" (
	"id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"name" text NOT NULL,
	"scope" jsonb NOT NULL,
	"each" text,
	"limit_nano_usd" bigint NOT NULL,
	"period" jsonb NOT NULL,
	"thresholds_percent" integer[] NOT NULL,
	"alerts_on_forecast" boolean NOT NULL,
	"mode" text NOT NULL,
	"fail_mode" text NOT NULL,
	"unknown_price" text NOT NULL,
	"clamp" boolean NOT NULL,
	"owner" text,
	"notes" text,
	"version" integer NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"created_by" text NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	"updated_by" text NOT NULL,
	"deleted_at" timestamp with time zone,
	CONSTRAINT "budgets_limit" CHECK ("budgets"."limit_nano_usd" > 0)
);
--> statement-breakpoint
ALTER TABLE "budget_overrides" ADD CONSTRAINT "budget_overrides_budget_id_budgets_id_fk" FOREIGN KEY ("budget_id") REFERENCES "public"."budgets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budget_overrides" ADD CONSTRAINT "budget_overrides_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budgets" ADD CONSTRAINT "budgets_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "budget_overrides_budget" ON "budget_overrides" USING btree ("budget_id","ends_at");--> statement-breakpoint
CREATE UNIQUE INDEX "budgets_name" ON "budgets" USING btree ("project_id","name") WHERE "budgets"."deleted_at" is null;