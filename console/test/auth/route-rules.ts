import type { Permission } from "#lib/server/access/permissions.ts";

/** What a route of a project or an organisation asks for. A new route needs an entry here: a test says so. */
export interface RouteRule {
  readonly route: string;
  readonly reads: Permission;
  /** By the name of the form action. */
  readonly actions?: Readonly<Record<string, Permission>>;
  /** For those who may read: an address that names nothing that exists answers otherwise. */
  readonly emptyStatus?: number;
}

const PROJECT = "/projects/[projectId=projectId]";
const ORGANIZATION = "/organizations/[organizationId=organizationId]";
const SPAN = `${PROJECT}/calls/[traceId=traceId]/[spanId=spanId]`;
const RECORD = `${PROJECT}/records/[batchId=batchId]/[recordOrdinal=recordOrdinal]`;
const BUDGET = `${PROJECT}/budgets/[budgetId=budgetId]`;

export const ROUTE_RULES: readonly RouteRule[] = [
  { route: PROJECT, reads: "project.read" },
  { route: `${PROJECT}/live`, reads: "project.read" },
  { route: `${PROJECT}/calls`, reads: "calls.read" },
  { route: `${PROJECT}/sources`, reads: "project.read" },
  {
    route: `${PROJECT}/reconcile`,
    reads: "project.read",
    actions: { default: "project.read" },
  },
  {
    route: `${PROJECT}/prices`,
    reads: "project.read",
    actions: { set: "prices.manage", import: "prices.manage" },
  },
  { route: SPAN, reads: "calls.read", emptyStatus: 404 },
  { route: `${SPAN}/arithmetic`, reads: "calls.read", emptyStatus: 404 },
  { route: RECORD, reads: "calls.read", emptyStatus: 404 },
  { route: `${RECORD}/arithmetic`, reads: "calls.read", emptyStatus: 404 },
  {
    route: `${PROJECT}/control`,
    reads: "project.read",
    actions: {
      drill: "kill_switches.manage",
      trigger: "kill_switches.manage",
      release: "kill_switches.manage",
    },
  },
  { route: `${PROJECT}/control/live`, reads: "project.read" },
  { route: `${PROJECT}/control/receipts`, reads: "project.read" },
  {
    route: `${PROJECT}/billing`,
    reads: "billing.manage",
    actions: {
      create: "billing.manage",
      update: "billing.manage",
      setCustomer: "billing.manage",
      removeCustomer: "billing.manage",
    },
  },
  { route: `${PROJECT}/billing/statement`, reads: "billing.manage", emptyStatus: 400 },
  { route: `${PROJECT}/budgets`, reads: "project.read" },
  {
    route: `${PROJECT}/budgets/new`,
    reads: "budgets.manage",
    actions: { default: "budgets.manage" },
  },
  {
    route: BUDGET,
    reads: "project.read",
    emptyStatus: 404,
    actions: {
      mode: "budgets.manage",
      raise: "budgets.manage",
      endOverride: "budgets.manage",
      delete: "budgets.manage",
    },
  },
  {
    route: `${BUDGET}/edit`,
    reads: "budgets.manage",
    emptyStatus: 404,
    actions: { default: "budgets.manage" },
  },
  {
    route: `${PROJECT}/alerts`,
    reads: "project.read",
    actions: {
      create: "alerts.manage",
      update: "alerts.manage",
      remove: "alerts.manage",
      test: "alerts.manage",
    },
  },
  { route: `${PROJECT}/audit`, reads: "audit.read" },
  { route: `${PROJECT}/audit/export`, reads: "audit.read" },
  {
    route: `${PROJECT}/settings`,
    reads: "project.read",
    actions: {
      project: "project.manage",
      archive: "project.manage",
      restore: "project.manage",
      createKey: "keys.manage",
      rotateKey: "keys.manage",
      revokeKey: "keys.manage",
      createSecret: "keys.manage",
      revokeSecret: "keys.manage",
    },
  },
  { route: `${ORGANIZATION}/audit`, reads: "audit.read" },
  { route: `${ORGANIZATION}/audit/export`, reads: "audit.read" },
  {
    route: `${ORGANIZATION}/settings`,
    reads: "organization.manage",
    actions: { rename: "organization.manage" },
  },
  {
    route: `${ORGANIZATION}/members`,
    reads: "members.read",
    actions: {
      invite: "members.manage",
      cancel: "members.manage",
      role: "members.manage",
      // Everybody may leave; whom else one may remove is decided by the service.
      remove: "members.read",
    },
  },
  {
    route: `${ORGANIZATION}/projects/new`,
    reads: "project.manage",
    actions: { default: "project.manage" },
  },
];
