import type { Endpoints } from "./snippets.ts";

/** How apps are connected to a project. */
export interface AppConnection {
  readonly endpoints: Endpoints;
  /** Spans can be sent without a key only into the default project, from this machine. */
  readonly needsKey: boolean;
  /** Where keys are made; undefined for those who may not. */
  readonly keysHref: string | undefined;
}
