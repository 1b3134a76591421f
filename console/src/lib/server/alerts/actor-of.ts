import type { AlertFacts } from "@lensai/otel-config/alerts/alert";
import type { Database } from "../db/client.ts";
import { actorName } from "../services/members/actor-names.ts";

/** The name of whoever did what an alert tells: in messages for people, who know nobody by an id. */
export async function actorOf(
  db: Database,
  projectId: string,
  { details }: AlertFacts,
): Promise<string | undefined> {
  return "actor" in details ? actorName(db, { projectId, actor: details.actor }) : undefined;
}
