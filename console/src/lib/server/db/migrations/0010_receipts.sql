CREATE TABLE "announcements" (
	"subject_id" text NOT NULL,
	"kind" text NOT NULL,
	"project_id" text NOT NULL,
	"version" bigint NOT NULL,
	"announced_at" timestamp with time zone NOT NULL,
	"announced_by" text NOT NULL,
	CONSTRAINT "announcements_subject_id_kind_pk" PRIMARY KEY("subject_id","kind")
);
--> statement-breakpoint
CREATE TABLE "collectors" (
	"id" text PRIMARY KEY NOT NULL,
	"seen_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "processes" (
	"project_id" text NOT NULL,
	"instance_id" text NOT NULL,
	"service_name" text NOT NULL,
	"kind" text NOT NULL,
	"collector_id" text NOT NULL,
	"version" bigint NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"is_connected" boolean NOT NULL,
	"seen_at" timestamp with time zone NOT NULL,
	CONSTRAINT "processes_project_id_instance_id_pk" PRIMARY KEY("project_id","instance_id")
);
--> statement-breakpoint
CREATE TABLE "receipts" (
	"subject_id" text NOT NULL,
	"kind" text NOT NULL,
	"instance_id" text NOT NULL,
	"service_name" text NOT NULL,
	"known_after_ms" double precision NOT NULL,
	CONSTRAINT "receipts_subject_id_kind_instance_id_pk" PRIMARY KEY("subject_id","kind","instance_id")
);
--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "announced_version" bigint;--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "max_staleness_seconds" integer;--> statement-breakpoint
ALTER TABLE "announcements" ADD CONSTRAINT "announcements_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "receipts" ADD CONSTRAINT "receipts_subject_id_kind_announcements_subject_id_kind_fk" FOREIGN KEY ("subject_id","kind") REFERENCES "public"."announcements"("subject_id","kind") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "processes_collector" ON "processes" USING btree ("collector_id");