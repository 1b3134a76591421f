import { MODEL } from "./query-source.ts";
import type { QueryTarget } from "./query-source.ts";
import { topGroups } from "./top-groups.ts";
import type { GroupFigures, TopInput } from "./top-groups.ts";

export interface TopModel extends GroupFigures {
  /** The model that answered, else the one asked for; undefined: calls that name neither. */
  readonly model: string | undefined;
}

/** The models that cost most, dearest first. */
export async function topModels(
  projectId: string,
  input: TopInput,
  target: QueryTarget,
): Promise<TopModel[]> {
  const groups = await topGroups(projectId, { ...input, key: MODEL }, target);
  return groups.map(({ key, ...figures }) => Object.assign({ model: key }, figures));
}
