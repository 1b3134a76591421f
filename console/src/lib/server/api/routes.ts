import { z } from "zod";
import { openApiDocument } from "./openapi.ts";
import { defineRoute, type ApiRoute } from "./route.ts";
import { auditRoutes } from "./resources/audit.ts";
import { callRoutes } from "./resources/calls.ts";
import { controlRoutes } from "./resources/control.ts";
import { exportRoutes } from "./resources/export.ts";
import { killSwitchRoutes } from "./resources/kill-switches.ts";
import { metricRoutes } from "./resources/metrics.ts";
import { priceRoutes } from "./resources/prices.ts";
import { projectRoutes } from "./resources/projects.ts";
import { signingSecretRoutes } from "./resources/signing-secrets.ts";
import { sourceRoutes } from "./resources/sources.ts";

/** Every route of the API. A resource is a file of its own and a line here; the document and the tests follow. */
export const API_ROUTES: readonly ApiRoute[] = [
  ...projectRoutes,
  ...signingSecretRoutes,
  ...killSwitchRoutes,
  ...metricRoutes,
  ...callRoutes,
  ...exportRoutes,
  ...priceRoutes,
  ...sourceRoutes,
  ...auditRoutes,
  ...controlRoutes,
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
