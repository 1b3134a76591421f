import type { ErrorCode } from "@lensai/otel-config/errors";
import type { z } from "zod";
import type { Console } from "../console.ts";
import type { ServiceContext } from "../services/context.ts";
import type { OrganizationGrant } from "../access/organization.ts";
import type { Permission } from "../access/permissions.ts";
import type { Principal } from "../access/principal.ts";

/**
 * A route of the API, declared once: requests are read by its schemas, the OpenAPI document is made of them, and
 * so is the test that asks every route as everybody.
 */
export interface ApiRoute {
  readonly method: ApiMethod;
  /** Below /api/v1, as OpenAPI writes it: `/projects/{projectId}/keys`. */
  readonly path: string;
  /** Unique among all routes; generated clients name their functions by it. */
  readonly operationId: string;
  readonly tag: ApiTag;
  /** What it does, in one sentence. */
  readonly summary: string;
  /** What the summary does not say and a caller must know. */
  readonly description: string | undefined;
  /** In the project or the organisation of the path. Without one: "anyone", or "known" to those who say who they are. */
  readonly permission: ApiPermission;
  /** Path parameters besides the project or the organisation. */
  readonly params: z.ZodObject | undefined;
  readonly query: z.ZodObject | undefined;
  readonly body: z.ZodType | undefined;
  /** How long the body may be; undefined: as long as that of most. */
  readonly bodyBytesMax: number | undefined;
  readonly success: ApiSuccess;
  /** Refusals of its own, besides those that every route of its kind can give. */
  readonly errors: readonly ErrorCode[];
  /** An edit: it asks for If-Match, and answers 412 when somebody else was faster. */
  readonly isEdit: boolean;
  /** Possible in an archived project, although it changes something. */
  readonly isForArchived: boolean;
  readonly handle: (request: ApiRequest) => Promise<ApiAnswer>;
}

type ApiPermission = Permission | "anyone" | "known";

type ApiMethod = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

type ApiTag =
  | "Organisations"
  | "Projects"
  | "API keys"
  | "Signing secrets"
  | "Members"
  | "Budgets"
  | "Kill-switches"
  | "Alerts"
  | "Billing"
  | "Metrics"
  | "Calls"
  | "Prices"
  | "Sources"
  | "Audit log"
  | "Control"
  | "This API";

interface ApiSuccess {
  readonly status: 200 | 201 | 204;
  readonly description: string;
  /** Of the JSON answer; absent for 204 and for other media types. */
  readonly schema?: z.ZodType;
  /** Instead of a schema: what a streamed answer is. */
  readonly mediaTypes?: readonly string[];
}

/** A request that was let in and whose parts have been parsed. */
export interface ApiRequest<Params = unknown, Query = unknown, Body = unknown> {
  /** Who asks; `actor` is what the audit log has of it. */
  readonly caller: Principal;
  /** Of a path with `{projectId}`: exists, and is the caller's to ask about. Otherwise empty. */
  readonly projectId: string;
  /** Of a path with `{organizationId}`, and as whom the caller acts in it. */
  readonly organization: OrganizationGrant | undefined;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** What If-Match names; "any" stands for `*` and for routes that are no edits. */
  readonly expectedVersion: number | "any";
  readonly console: Console;
  /** Services to change something with: part of the transaction that keeps the answer for a repeat. */
  readonly services: ServiceContext;
  readonly requestId: string;
}

/** An answer; money may be bigint, times Date, and unknown undefined: JSON has text, text and null. */
export interface ApiAnswer<Body = unknown> {
  readonly body?: Body;
  readonly stream?: { readonly mediaType: string; readonly chunks: ReadableStream<Uint8Array> };
  /** Of something that can be edited: becomes its ETag. */
  readonly version?: number;
  /** Below /api/v1: where to find what was created. */
  readonly location?: string;
  /** 201 where the route may create or find, say; otherwise the route's own. */
  readonly status?: 200 | 201;
}

/** What a handler may give for a value that JSON carries as T. */
type Answerable<T> = T extends string
  ? string extends T
    ? string | bigint | Date
    : T
  : T extends null
    ? null | undefined
    : T extends readonly (infer Element)[]
      ? readonly Answerable<Element>[]
      : T extends object
        ? { readonly [Key in keyof T]: Answerable<T[Key]> }
        : T;

type OutputOf<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

interface RouteDeclaration<Params, Query, Body, Answer> {
  readonly method: ApiMethod;
  readonly path: string;
  readonly operationId: string;
  readonly tag: ApiTag;
  readonly summary: string;
  readonly description?: string;
  readonly permission: ApiPermission;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  readonly bodyBytesMax?: number;
  readonly success: {
    readonly status: 200 | 201 | 204;
    readonly description: string;
    readonly schema?: Answer;
    readonly mediaTypes?: readonly string[];
  };
  readonly errors?: readonly ErrorCode[];
  readonly isEdit?: boolean;
  readonly isForArchived?: boolean;
  readonly handle: (
    request: ApiRequest<OutputOf<Params>, OutputOf<Query>, OutputOf<Body>>,
  ) => Promise<ApiAnswer<Answerable<OutputOf<Answer>>>>;
}

/** Declares a route; the types of the handler follow from the schemas. */
export function defineRoute<
  Params extends z.ZodObject | undefined = undefined,
  Query extends z.ZodObject | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
  Answer extends z.ZodType | undefined = undefined,
>(declaration: RouteDeclaration<Params, Query, Body, Answer>): ApiRoute {
  const { schema, ...success } = declaration.success;
  return {
    ...declaration,
    description: declaration.description,
    params: declaration.params,
    query: declaration.query,
    body: declaration.body,
    bodyBytesMax: declaration.bodyBytesMax,
    success: { ...success, ...(schema !== undefined && { schema }) },
    errors: declaration.errors ?? [],
    isEdit: declaration.isEdit ?? false,
    isForArchived: declaration.isForArchived ?? false,
    // The schemas have made the request what the handler says it takes.
    handle: declaration.handle as ApiRoute["handle"],
  };
}

export const hasProject = ({ path }: Pick<ApiRoute, "path">): boolean =>
  path.includes("{projectId}");

export const hasOrganization = ({ path }: Pick<ApiRoute, "path">): boolean =>
  path.includes("{organizationId}");

export const isRead = ({ method }: Pick<ApiRoute, "method">): boolean => method === "GET";

/** Of a route of an organisation, which always has one. */
export function organizationOf({
  organization,
}: Pick<ApiRequest, "organization">): OrganizationGrant {
  if (organization === undefined) throw new Error("this route names no organisation");
  return organization;
}
