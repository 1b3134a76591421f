CREATE TABLE "console_keys" (
	"only_row" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"key_id" text NOT NULL,
	"seed" "bytea" NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "console_keys_only_row" CHECK ("console_keys"."only_row")
);
