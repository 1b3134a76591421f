import { z } from "zod";
import { projectIdSchema } from "../services/projects/project-id.ts";
import { API_PATH } from "../../api-path.ts";
import { errorsOf, STATUS_BY_CODE, type ApiErrorCode } from "./api-errors.ts";
import { hasOrganization, hasProject, isRead, type ApiRoute } from "./route.ts";

/** JSON Schema 2020-12, as OpenAPI 3.1 has it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface OpenApiDocument {
  readonly openapi: "3.1.1";
  readonly info: Readonly<Record<string, unknown>>;
  readonly servers: readonly { readonly url: string }[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly headers: Readonly<Record<string, unknown>>;
    readonly securitySchemes: Readonly<Record<string, unknown>>;
  };
}

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security?: readonly never[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: {
    readonly required: true;
    readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>>;
  };
  readonly responses: Readonly<Record<string, OpenApiResponse>>;
  /** What the caller must be allowed, in the words of the members page. */
  readonly "x-permission": string;
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

export interface OpenApiResponse {
  readonly description: string;
  readonly headers?: Readonly<Record<string, JsonSchema>>;
  readonly content?: Readonly<Record<string, { readonly schema?: JsonSchema }>>;
}

/** The OpenAPI document of routes: made of the same schemas that read requests. */
export function openApiDocument(routes: readonly ApiRoute[]): OpenApiDocument {
  const schemas: Record<string, JsonSchema> = { Problem: toSchema(problemSchema, "output", {}) };
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    const operations = (paths[route.path] ??= {});
    operations[route.method.toLowerCase()] = operationOf(route, schemas);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "LensAI",
      version: "1",
      description:
        "What the console can do, for programs. Amounts are nano-USD as decimal digits, times are ISO 8601 in UTC, and what is unknown is null.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: API_PATH }],
    security: [{ apiKey: [] }, { session: [] }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).toSorted(([a], [b]) => (a < b ? -1 : 1))),
      headers: HEADERS,
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

const SECURITY_SCHEMES = {
  apiKey: {
    type: "http",
    scheme: "bearer",
    description: "An API key with the scope `read` or `control`.",
  },
  session: {
    type: "apiKey",
    in: "cookie",
    name: "lensai.session_token",
    description: "The session of somebody who has signed in to the console.",
  },
} as const;

const text = { type: "string" } as const;

const HEADERS = {
  ETag: { description: "Names this state of the answer.", schema: text },
  Location: { description: "Where to find what was created.", schema: text },
  RateLimit: {
    description: "What is left of the quota (r), and seconds until it is whole again (t).",
    schema: text,
  },
  "RateLimit-Policy": { description: "The quota (q) and its window in seconds (w).", schema: text },
  "Retry-After": { description: "Seconds to wait.", schema: text },
  Allow: { description: "The methods that are possible here.", schema: text },
} as const;

const headerRefs = (names: readonly (keyof typeof HEADERS)[]): Record<string, JsonSchema> =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

/** RFC 9457. */
const problemSchema = z
  .object({
    type: z.string().describe("The page that explains the code."),
    status: z.int().min(400).max(599),
    code: z.string().describe("Stable: programs branch on it."),
    detail: z.string().describe("What happened, with the value, and what to do."),
    errors: z
      .array(
        z.object({
          in: z.enum(["path", "query", "header", "body"]),
          pointer: z.string().describe("JSON Pointer (RFC 6901) into that part of the request."),
          detail: z.string(),
        }),
      )
      .optional(),
    currentVersion: z.int().optional().describe("Of a 412: what it is at now."),
    requestId: z.string().optional().describe("Leads to the reason in the log of the console."),
  })
  .meta({ id: "Problem" });

function operationOf(route: ApiRoute, schemas: Record<string, JsonSchema>): Operation {
  const { operationId, tag, summary, description, permission, body } = route;
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(permission === "anyone" && { security: [] }),
    "x-permission": permission,
    parameters: [
      ...pathParameters(route, schemas),
      ...parametersOf("query", route.query, schemas),
      ...headerParameters(route),
    ],
    ...(body !== undefined && {
      requestBody: {
        required: true as const,
        content: { "application/json": { schema: toSchema(body, "input", schemas) } },
      },
    }),
    responses: responsesOf(route, schemas),
  };
}

const PROJECT_PARAM = z.strictObject({ projectId: projectIdSchema });
const ORGANIZATION_PARAM = z.strictObject({ organizationId: z.string().regex(/^[\w-]{1,64}$/) });

function pathParameters(route: ApiRoute, schemas: Record<string, JsonSchema>): Parameter[] {
  const project = hasProject(route) ? PROJECT_PARAM : undefined;
  const organization = hasOrganization(route) ? ORGANIZATION_PARAM : undefined;
  return [
    ...parametersOf("path", project ?? organization, schemas),
    ...parametersOf("path", route.params, schemas),
  ];
}

function parametersOf(
  place: "path" | "query",
  schema: z.ZodObject | undefined,
  schemas: Record<string, JsonSchema>,
): Parameter[] {
  if (schema === undefined) return [];
  const json = toSchema(schema, "input", schemas);
  const required = (json["required"] ?? []) as readonly string[];
  const properties = (json["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>;
  return Object.entries(properties).map(([name, property]) =>
    toParameter(place, { name, property, required: required.includes(name) }),
  );
}

function toParameter(
  place: "path" | "query",
  { name, property, required }: { name: string; property: JsonSchema; required: boolean },
): Parameter {
  const { description, ...schema } = property;
  const words = typeof description === "string" ? { description } : {};
  return { name, in: place, required, ...words, schema };
}

const optionalHeader = (
  name: string,
  description: string,
  schema: JsonSchema = text,
): Parameter => ({ name, in: "header", required: false, description, schema });

function headerParameters(route: ApiRoute): Parameter[] {
  if (isRead(route)) {
    return [
      optionalHeader(
        "If-None-Match",
        "The ETag of an answer you have: 304 when it is still the same.",
      ),
    ];
  }
  const idempotencyKey = optionalHeader(
    "Idempotency-Key",
    "Makes a repeat of the request harmless: it gets the same answer, for 24 hours.",
    { type: "string", pattern: "^[!#-~]{16,128}$" },
  );
  const ifMatch = optionalHeader(
    "If-Match",
    "The ETag of what you have read, or `*`; without it: 428. Somebody else was faster: 412.",
  );
  return route.isEdit ? [idempotencyKey, ifMatch] : [idempotencyKey];
}

function responsesOf(
  route: ApiRoute,
  schemas: Record<string, JsonSchema>,
): Record<string, OpenApiResponse> {
  const { success } = route;
  const responses: Record<string, OpenApiResponse> = {
    [success.status]: successOf(route, schemas),
    ...(isRead(route) && { "304": { description: "It is what you have." } }),
  };
  const byStatus = Map.groupBy(errorsOf(route), (code) => STATUS_BY_CODE[code]);
  for (const [status, codes] of byStatus) responses[status] = problemOf(status, codes);
  return responses;
}

function successOf(route: ApiRoute, schemas: Record<string, JsonSchema>): OpenApiResponse {
  const { schema, mediaTypes, description } = route.success;
  const headers = headerRefs(["RateLimit", "RateLimit-Policy"]);
  if (mediaTypes !== undefined) {
    const content = Object.fromEntries(
      mediaTypes.map((type) => [type, isText(type) ? { schema: text } : {}]),
    );
    return { description, headers, content };
  }
  if (schema === undefined) return { description, headers };
  return {
    description,
    headers: isRead(route) || route.isEdit ? { ...headers, ...headerRefs(["ETag"]) } : headers,
    content: { "application/json": { schema: toSchema(schema, "output", schemas) } },
  };
}

/** Bytes have no schema (OpenAPI 3.1, 4.8.14.2). */
const isText = (mediaType: string): boolean => /^text\/|json$/.test(mediaType);

function problemOf(status: number, codes: readonly ApiErrorCode[]): OpenApiResponse {
  const isLater = status === 429 || status === 503;
  return {
    description: codes.map((code) => `\`${code}\``).join(", "),
    ...(isLater && { headers: headerRefs(["Retry-After"]) }),
    content: {
      "application/problem+json": {
        schema: {
          allOf: [{ $ref: "#/components/schemas/Problem" }],
          properties: { status: { const: status }, code: { enum: codes } },
        },
      },
    },
  };
}

/** JSON Schema of a part; schemas with an id become components, and are named where they are used. */
function toSchema(
  schema: z.ZodType,
  io: "input" | "output",
  schemas: Record<string, JsonSchema>,
): JsonSchema {
  const {
    $schema: _,
    $defs = {},
    ...json
  } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  for (const [name, definition] of Object.entries($defs)) schemas[name] ??= rebased(definition);
  const rest = rebased(json);
  const { id } = schema.meta() ?? {};
  if (id === undefined) return rest;
  schemas[id] ??= rest;
  return { $ref: `#/components/schemas/${id}` };
}

function rebased(schema: unknown): JsonSchema {
  const moved = JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/');
  const { id: _, ...json } = JSON.parse(moved) as Record<string, unknown>;
  return json;
}
