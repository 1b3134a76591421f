import { z } from "zod";
import { openApiDocument } from "./openapi.ts";
import { defineRoute, type ApiRoute } from "./route.ts";
import { alertChannelRoutes } from "./resources/alert-channels.ts";
import { alertRoutes } from "./resources/alerts.ts";
import { apiKeyRoutes } from "./resources/api-keys.ts";
import { auditRoutes } from "./resources/audit.ts";
import { billingRoutes } from "./resources/billing.ts";
import { budgetFigureRoutes } from "./resources/budget-figures.ts";
import { budgetOverrideRoutes } from "./resources/budget-overrides.ts";
import { budgetRoutes } from "./resources/budgets.ts";
import { callRoutes } from "./resources/calls.ts";
import { controlRoutes } from "./resources/control.ts";
import { exportRoutes } from "./resources/export.ts";
import { invitationRoutes } from "./resources/invitations.ts";
import { killSwitchRoutes } from "./resources/kill-switches.ts";
import { memberRoutes } from "./resources/members.ts";
import { metricChangeRoutes } from "./resources/metric-changes.ts";
import { metricTableRoutes } from "./resources/metric-table.ts";
import { metricRoutes } from "./resources/metrics.ts";
import { organizationRoutes } from "./resources/organizations.ts";
import { priceOverrideRoutes } from "./resources/price-overrides.ts";
import { priceRoutes } from "./resources/prices.ts";
import { processRoutes } from "./resources/processes.ts";
import { projectRoutes } from "./resources/projects.ts";
import { reconciliationRoutes } from "./resources/reconciliations.ts";
import { signingSecretRoutes } from "./resources/signing-secrets.ts";
import { sourceRoutes } from "./resources/sources.ts";

/** Every route of the API. A resource is a file of its own and a line here; the document and the tests follow. */
export const API_ROUTES: readonly ApiRoute[] = [
  ...organizationRoutes,
  ...projectRoutes,
  ...memberRoutes,
  ...invitationRoutes,
  ...apiKeyRoutes,
  ...signingSecretRoutes,
  ...budgetRoutes,
  ...budgetFigureRoutes,
  ...budgetOverrideRoutes,
  ...killSwitchRoutes,
  ...alertRoutes,
  ...alertChannelRoutes,
  ...billingRoutes,
  ...metricRoutes,
  ...metricChangeRoutes,
  ...metricTableRoutes,
  ...reconciliationRoutes,
  ...callRoutes,
  ...exportRoutes,
  ...priceRoutes,
  ...priceOverrideRoutes,
  ...sourceRoutes,
  ...auditRoutes,
  ...controlRoutes,
  ...processRoutes,
  defineRoute({
    method: "GET",
    path: "/openapi.json",
    operationId: "getOpenApi",
    tag: "This API",
    summary: "This document.",
    permission: "anyone",
    success: { status: 200, description: "OpenAPI 3.1.", schema: z.looseObject({}) },
    handle: () => Promise.resolve({ body: { ...openApiDocument(API_ROUTES) } }),
  }),
];
