import { z } from "zod";
import { loadImpact } from "../../lake/load-impact.ts";
import {
  ACTIVE_SWITCH_ORDER,
  activeKillSwitches,
  RELEASED_SWITCH_ORDER,
  releasedKillSwitches,
} from "../../services/kill-switches/list.ts";
import { releaseKillSwitch } from "../../services/kill-switches/release.ts";
import { releaseSchema, triggerSchema } from "../../services/kill-switches/schemas.ts";
import { triggerKillSwitch } from "../../services/kill-switches/trigger.ts";
import { notFound } from "../api-errors.ts";
import { pageOf, pageQuery, readPage } from "../paging.ts";
import { defineRoute, type ApiRoute } from "../route.ts";
import {
  actorSchema,
  countSchema,
  idParam,
  nanoUsdSchema,
  scopeAnswerSchema,
  timeSchema,
} from "../schemas.ts";

const killSwitchSchema = z
  .strictObject({
    id: z.string(),
    scope: scopeAnswerSchema,
    reason: z.string().describe("Whoever is stopped reads it."),
    triggeredAt: timeSchema,
    triggeredBy: actorSchema,
    releasedAt: timeSchema.nullable().describe("Null while it is on."),
    releasedBy: actorSchema.nullable(),
    releaseReason: z.string().nullable(),
  })
  .meta({ id: "KillSwitch" });

const impactSchema = z
  .strictObject({
    calls: countSchema.describe("Calls of the last hour that have every value of the scope."),
    costNanoUsd: nanoUsdSchema.nullable().describe("Null: there are some, and none has a price."),
    users: countSchema.describe("Different users among them; calls that name none do not count."),
    services: countSchema,
    allCalls: countSchema.describe("All calls of the project in the same hour."),
  })
  .meta({ id: "ScopeImpact" });

const listQuery = z.strictObject({
  ...pageQuery,
  state: z
    .enum(["active", "released"])
    .default("active")
    .describe("Those that are on, oldest first, or those that were, the one released last first."),
});

const NOT_RELEASED = { releasedAt: null, releasedBy: null, releaseReason: null } as const;

export const killSwitchRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/kill-switches",
    operationId: "listKillSwitches",
    tag: "Kill-switches",
    summary: "Lists what is stopped, or what was.",
    permission: "project.read",
    query: listQuery,
    success: {
      status: 200,
      description: "A page of kill-switches.",
      schema: pageOf(killSwitchSchema),
    },
    handle: async ({ services, projectId, query }) => {
      if (query.state === "released") {
        const body = await readPage(query, RELEASED_SWITCH_ORDER, (part) =>
          releasedKillSwitches(services.db, projectId, part),
        );
        return { body };
      }
      const { items, nextCursor } = await readPage(query, ACTIVE_SWITCH_ORDER, (part) =>
        activeKillSwitches(services.db, projectId, part),
      );
      return {
        body: { items: items.map((one) => Object.assign({}, one, NOT_RELEASED)), nextCursor },
      };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/projects/{projectId}/kill-switches",
    operationId: "triggerKillSwitch",
    tag: "Kill-switches",
    summary: "Stops the calls of a scope, in every process that runs the guard.",
    permission: "kill_switches.manage",
    body: z.strictObject(triggerSchema.omit({ projectId: true }).shape),
    success: {
      status: 201,
      description: "It is on; processes hear of it within moments.",
      schema: z.strictObject({ id: z.string() }),
    },
    handle: async ({ services, caller, projectId, body }) => ({
      body: await triggerKillSwitch(services, { projectId, ...body }, caller.actor),
    }),
  }),
  defineRoute({
    method: "POST",
    path: "/projects/{projectId}/kill-switches/preview",
    operationId: "previewKillSwitch",
    tag: "Kill-switches",
    summary: "Whom stopping a scope would have met in the last hour; it stops nothing.",
    permission: "project.read",
    body: z.strictObject(triggerSchema.pick({ scope: true }).shape),
    success: {
      status: 200,
      description: "The calls that it would have met.",
      schema: impactSchema,
    },
    handle: async ({ console, services, projectId, body }) => {
      const nowUnixMs = services.now().getTime();
      const question = { projectId, scope: body.scope, nowUnixMs };
      return { body: await loadImpact(console.lake, question) };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/projects/{projectId}/kill-switches/{killSwitchId}/release",
    operationId: "releaseKillSwitch",
    tag: "Kill-switches",
    summary: "Lets the calls go again.",
    permission: "kill_switches.manage",
    params: z.strictObject({ killSwitchId: idParam("The `id` of the kill-switch.") }),
    body: z.strictObject(releaseSchema.pick({ reason: true }).shape),
    success: { status: 204, description: "It is released." },
    handle: async ({ services, caller, projectId, params, body }) => {
      const input = { projectId, ...params, ...body };
      if (await releaseKillSwitch(services, input, caller.actor)) return {};
      throw notFound(`no kill-switch "${params.killSwitchId}" is on in this project`);
    },
  }),
];
