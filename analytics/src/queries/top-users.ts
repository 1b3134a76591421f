import { column } from "../duckdb/sql.ts";
import type { QueryTarget } from "./query-source.ts";
import { topGroups } from "./top-groups.ts";
import type { GroupFigures, TopInput } from "./top-groups.ts";

export interface TopUser extends GroupFigures {
  /** undefined: the calls without a user. */
  readonly userId: string | undefined;
}

/** The users who cost most, dearest first. */
export async function topUsers(
  projectId: string,
  input: TopInput,
  target: QueryTarget,
): Promise<TopUser[]> {
  const groups = await topGroups(projectId, { ...input, key: column("user_id") }, target);
  return groups.map(({ key, ...figures }) => Object.assign({ userId: key }, figures));
}
