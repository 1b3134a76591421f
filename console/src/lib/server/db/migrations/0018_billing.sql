CREATE TABLE "billing_customers" (
	"project_id" text NOT NULL,
	"tenant" text NOT NULL,
	"customer_id" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "billing_customers_project_id_tenant_pk" PRIMARY KEY("project_id","tenant")
);
--> statement-breakpoint
CREATE TABLE "billing_lines" (
	"project_id" text NOT NULL,
	"tenant" text NOT NULL,
	"day" date NOT NULL,
	"customer_id" text NOT NULL,
	"markup_basis_points" integer NOT NULL,
	"calls" bigint NOT NULL,
	"unpriced_calls" bigint NOT NULL,
	"cost_nano_usd" bigint NOT NULL,
	"estimated_nano_usd" bigint NOT NULL,
	"amount_nano_usd" bigint NOT NULL,
	"amount_micro_usd" bigint NOT NULL,
	"revision" integer NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "billing_lines_project_id_tenant_day_pk" PRIMARY KEY("project_id","tenant","day")
);
--> statement-breakpoint
CREATE TABLE "billing_meter_events" (
	"identifier" text PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"tenant" text NOT NULL,
	"day" date NOT NULL,
	"customer_id" text NOT NULL,
	"value_micro_usd" bigint NOT NULL,
	"occurred_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"state" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"first_attempt_at" timestamp with time zone,
	"next_attempt_at" timestamp with time zone NOT NULL,
	"sent_at" timestamp with time zone,
	"problem" text
);
--> statement-breakpoint
CREATE TABLE "billing_setups" (
	"project_id" text PRIMARY KEY NOT NULL,
	"id" text NOT NULL,
	"sealed_key" "bytea" NOT NULL,
	"key_hint" text NOT NULL,
	"event_name" text NOT NULL,
	"meter_id" text NOT NULL,
	"price_id" text NOT NULL,
	"markup_basis_points" integer NOT NULL,
	"starts_on" date NOT NULL,
	"is_paused" boolean NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"problem" text,
	CONSTRAINT "billing_setups_markup" CHECK ("billing_setups"."markup_basis_points" between 0 and 1000000)
);
--> statement-breakpoint
ALTER TABLE "billing_customers" ADD CONSTRAINT "billing_customers_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "billing_lines" ADD CONSTRAINT "billing_lines_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "billing_meter_events" ADD CONSTRAINT "billing_meter_events_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "billing_setups" ADD CONSTRAINT "billing_setups_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "billing_lines_day" ON "billing_lines" USING btree ("project_id","day","tenant");--> statement-breakpoint
CREATE INDEX "billing_meter_events_line" ON "billing_meter_events" USING btree ("project_id","tenant","day");--> statement-breakpoint
CREATE INDEX "billing_meter_events_open" ON "billing_meter_events" USING btree ("project_id","next_attempt_at") WHERE "billing_meter_events"."state" in ('waiting', 'unsure');