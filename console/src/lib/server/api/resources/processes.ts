import { z } from "zod";
import { ANNOUNCEMENT_KINDS } from "../../db/schema/announcements.ts";
import { startDrill } from "../../services/drills/start.ts";
import { receiptsOverview } from "../../services/receipts/overview.ts";
import { defineRoute, type ApiRoute } from "../route.ts";
import { actorSchema, countSchema, timeSchema } from "../schemas.ts";

const milliseconds = z.number().min(0).nullable().describe("Null while nobody knows.");

const propagationSchema = z
  .strictObject({
    subjectId: z.string().describe("Of the kill-switch or the drill."),
    kind: z.enum(ANNOUNCEMENT_KINDS),
    announcedAt: timeSchema,
    announcedBy: actorSchema,
    known: countSchema.describe("Processes that ran then and know."),
    waiting: countSchema.describe("Processes that ran then, are connected, and do not know yet."),
    lost: countSchema.describe("Processes that were lost before they knew: ended, or cut off."),
    p50Ms: milliseconds,
    p99Ms: milliseconds,
    lastMs: milliseconds,
  })
  .meta({ id: "Propagation" });

const overviewSchema = z
  .strictObject({
    processes: z.strictObject({
      guards: countSchema.describe("Connected processes that run the guard."),
      pollers: countSchema.describe("Programs that ask `GET /v1/control` by themselves."),
    }),
    announcements: z.array(propagationSchema).describe("The newest 60, newest first."),
    stragglers: z
      .array(
        z.strictObject({
          instanceId: z.string(),
          serviceName: z.string(),
          isConnected: z.boolean(),
          seenAt: timeSchema,
        }),
      )
      .describe("Processes that are not known to know of the newest: 20 at most."),
  })
  .meta({ id: "Processes" });

export const processRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/processes",
    operationId: "getProcesses",
    tag: "Control",
    summary: "Which processes are connected, and how soon they knew what was announced.",
    permission: "project.read",
    success: { status: 200, description: "The processes.", schema: overviewSchema },
    handle: async ({ services, projectId }) => {
      const { processes, announcements, stragglers } = await receiptsOverview(services, projectId);
      return {
        body: {
          processes,
          announcements: announcements.map(({ announcedAtUnixMs, ...one }) =>
            Object.assign({ announcedAt: new Date(announcedAtUnixMs) }, one),
          ),
          stragglers: stragglers.map(({ seenAtUnixMs, ...one }) =>
            Object.assign({ seenAt: new Date(seenAtUnixMs) }, one),
          ),
        },
      };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/projects/{projectId}/drills",
    operationId: "startDrill",
    tag: "Control",
    summary: "Tells every process, as a kill-switch does, and stops nothing.",
    permission: "kill_switches.manage",
    success: {
      status: 201,
      description: "It was announced; `GET /projects/{projectId}/processes` shows who knows.",
      schema: z.strictObject({ id: z.string() }),
    },
    handle: async ({ services, caller, projectId }) => ({
      body: await startDrill(services, { projectId }, caller.actor),
    }),
  }),
];
