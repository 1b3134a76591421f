import { SCOPE_KEYS } from "@lensai/otel-config/control/call-scope";
import {
  BUDGET_MODES,
  FAIL_MODES,
  UNKNOWN_PRICE_POLICIES,
} from "@lensai/otel-config/control/budgets";
import {
  CONTROL_POLICY_VERSION,
  policyOf,
  type ControlPolicy,
} from "@lensai/otel-config/control/policy";
import { z } from "zod";
import { buildSnapshot } from "../../services/snapshot/build.ts";
import { defineRoute, type ApiRoute } from "../route.ts";
import { nanoUsdSchema, scopeAnswerSchema, timeSchema } from "../schemas.ts";

const policySchema: z.ZodType<ControlPolicy> = z
  .looseObject({
    formatVersion: z.literal(CONTROL_POLICY_VERSION),
    version: z.int().describe("Grows with every change."),
    issuedAt: timeSchema,
    budgets: z.array(
      // The contract of processes grows by members; they read what they know.
      z.looseObject({
        id: z.string(),
        name: z.string(),
        scope: scopeAnswerSchema,
        each: z.enum(SCOPE_KEYS).exactOptional(),
        limitNanoUsd: nanoUsdSchema,
        mode: z.enum(BUDGET_MODES),
        failMode: z.enum(FAIL_MODES),
        unknownPrice: z.enum(UNKNOWN_PRICE_POLICIES),
        clamp: z.boolean(),
        periodStartsAt: timeSchema,
        resetsAt: timeSchema.exactOptional(),
      }),
    ),
    killSwitches: z.array(
      z.looseObject({
        id: z.string(),
        scope: scopeAnswerSchema,
        reason: z.string(),
        triggeredAt: timeSchema,
      }),
    ),
  })
  .meta({ id: "ControlPolicy" });

export const controlRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/control",
    operationId: "getControlPolicy",
    tag: "Control",
    summary: "The budgets and kill-switches that processes of the project keep to.",
    description:
      "What collectors serve at `GET /v1/control`. Processes ask their collector, which goes on when the console is down.",
    permission: "project.read",
    success: { status: 200, description: "The policy.", schema: policySchema },
    handle: async ({ services, projectId }) => {
      return { body: policyOf(await buildSnapshot(services.db), projectId) };
    },
  }),
];
