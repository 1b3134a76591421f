CREATE TABLE "budget_settlements" (
	"budget_id" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"counted_by" text NOT NULL,
	"counted_from" timestamp with time zone NOT NULL,
	"settled_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "budget_spend" (
	"project_id" text NOT NULL,
	"budget_id" text NOT NULL,
	"value" text NOT NULL,
	"period_starts_at" timestamp with time zone NOT NULL,
	"cell_starts_at" timestamp with time zone NOT NULL,
	"lease_id" text NOT NULL,
	"cost_nano_usd" bigint NOT NULL,
	"charged_nano_usd" bigint NOT NULL,
	"unpriced_calls" bigint NOT NULL,
	CONSTRAINT "budget_spend_budget_id_cell_starts_at_value_period_starts_at_lease_id_pk" PRIMARY KEY("budget_id","cell_starts_at","value","period_starts_at","lease_id")
);
--> statement-breakpoint
ALTER TABLE "budget_settlements" ADD CONSTRAINT "budget_settlements_budget_id_budgets_id_fk" FOREIGN KEY ("budget_id") REFERENCES "public"."budgets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budget_settlements" ADD CONSTRAINT "budget_settlements_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budget_spend" ADD CONSTRAINT "budget_spend_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budget_spend" ADD CONSTRAINT "budget_spend_budget_id_budgets_id_fk" FOREIGN KEY ("budget_id") REFERENCES "public"."budgets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "budget_spend_project" ON "budget_spend" USING btree ("project_id","cell_starts_at");