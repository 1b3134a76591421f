ALTER TABLE "receipts" DROP CONSTRAINT "receipts_subject_id_kind_instance_id_pk";--> statement-breakpoint
ALTER TABLE "receipts" RENAME COLUMN "instance_id" TO "instance_ids";--> statement-breakpoint
ALTER TABLE "receipts" RENAME COLUMN "service_name" TO "service_names";--> statement-breakpoint
ALTER TABLE "receipts"
	ALTER COLUMN "instance_ids" SET DATA TYPE text[] USING ARRAY["instance_ids"],
	ALTER COLUMN "service_names" SET DATA TYPE text[] USING ARRAY["service_names"],
	ALTER COLUMN "known_after_ms" SET DATA TYPE double precision[] USING ARRAY["known_after_ms"],
	ADD COLUMN "id" bigint PRIMARY KEY NOT NULL GENERATED ALWAYS AS IDENTITY (sequence name "receipts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1);--> statement-breakpoint
CREATE INDEX "receipts_announcement" ON "receipts" USING btree ("subject_id","kind");
