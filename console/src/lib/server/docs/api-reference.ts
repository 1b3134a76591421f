import type { DocBlock, DocInline } from "../../docs/doc-node.ts";
import { API_PATH } from "../../api-path.ts";
import type {
  JsonSchema,
  OpenApiDocument,
  OpenApiResponse,
  Operation,
  Parameter,
} from "../api/openapi.ts";
import { describeType, fieldsOf, joined, schemaId, type SchemaField } from "./schema-words.ts";
import { toInlineWords } from "./parse-markdown.ts";

/** The reference of the API as a documentation page: drawn from the document that programs read. */
export function apiReference(document: OpenApiDocument): DocBlock[] {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      operation,
    })),
  );
  const byTag = Map.groupBy(operations, ({ operation }) => operation.tags[0] ?? "");
  return [
    heading(1, "API reference"),
    {
      kind: "paragraph",
      children: [
        ...toInlineWords(
          "Every path of the API, its parameters, answers and problems. How keys, pages, edits, repeats and limits work is in ",
        ),
        { kind: "link", href: "/docs/api", children: [text("the guide")] },
        text("; programs read "),
        { kind: "link", href: `${API_PATH}/openapi.json`, children: [code("openapi.json")] },
        text("."),
      ],
    },
    contents([...byTag.keys()]),
    ...[...byTag].flatMap(([tag, ofTag]) =>
      [heading(2, tag)].concat(ofTag.flatMap((entry) => operationBlocks(entry))),
    ),
    heading(2, "Schemas"),
    ...Object.entries(document.components.schemas).flatMap(([name, schema]) =>
      schemaBlocks(name, schema),
    ),
  ];
}

interface PlacedOperation {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

function contents(tags: readonly string[]): DocBlock {
  const items = [...tags, "Schemas"].map((tag): DocBlock[] => [
    {
      kind: "paragraph",
      children: [{ kind: "link", href: `#${idOf(tag)}`, children: [text(tag)] }],
    },
  ]);
  return { kind: "list", isOrdered: false, start: 1, items };
}

function operationBlocks({ path, method, operation }: PlacedOperation): DocBlock[] {
  const { operationId, summary, description, parameters, requestBody, responses } = operation;
  const sent = parameters.filter((parameter) => parameter.in !== "header");
  const headers = parameters.filter((parameter) => parameter.in === "header");
  const body = requestBody?.content["application/json"]?.schema;
  return [
    { kind: "heading", depth: 3, id: operationId, children: [code(`${method} ${path}`)] },
    paragraph(summary),
    ...(description === undefined ? [] : [paragraph(description)]),
    paragraph(needs(operation["x-permission"])),
    ...(sent.length + headers.length === 0 ? [] : [parameterTable([...sent, ...headers])]),
    ...(body === undefined ? [] : bodyBlocks(body)),
    answerTable(responses),
  ];
}

function needs(permission: string): string {
  if (permission === "anyone") return "Anybody may ask.";
  if (permission === "known") return "Anybody who says who he is may ask.";
  return `Needs the permission \`${permission}\`.`;
}

function parameterTable(parameters: readonly Parameter[]): DocBlock {
  return {
    kind: "table",
    head: ["Parameter", "In", "Type", "What it is"].map((word) => [text(word)]),
    rows: parameters.map(({ name, in: place, required, schema, description = "" }) => [
      [code(name)],
      [text(required ? `${place}, required` : place)],
      describeType(schema),
      toInlineWords(description),
    ]),
  };
}

function bodyBlocks(schema: JsonSchema): DocBlock[] {
  const fields = fieldsOf(schema);
  const intro = paragraph("The body is JSON:");
  if (fields.length === 0) {
    return [
      {
        kind: "paragraph",
        children: [text("The body is JSON: "), ...describeType(schema), text(".")],
      },
    ];
  }
  return [intro, fieldTable(fields)];
}

function answerTable(responses: Readonly<Record<string, OpenApiResponse>>): DocBlock {
  return {
    kind: "table",
    head: ["Status", "Answer", "What it means"].map((word) => [text(word)]),
    rows: Object.entries(responses).map(([status, response]) => [
      [code(status)],
      answerType(response),
      toInlineWords(response.description),
    ]),
  };
}

function answerType({ content = {} }: OpenApiResponse): DocInline[] {
  const [first] = Object.entries(content);
  if (first === undefined) return [text("nothing")];
  const [mediaType, { schema = {} }] = first;
  if (mediaType === "application/problem+json")
    return describeType({ $ref: "#/components/schemas/Problem" });
  if (mediaType === "application/json") return answerSchema(schema);
  return joined(
    Object.keys(content).map((type) => [code(type)]),
    " or ",
  );
}

/** An answer that has no name of its own is told by its members. */
function answerSchema(schema: JsonSchema): DocInline[] {
  const fields = fieldsOf(schema, { isFlat: true });
  if (fields.length === 0 || "$ref" in schema) return describeType(schema);
  return joined(
    fields.map(({ name, type }) => [code(name), text(": ")].concat(type)),
    "; ",
  );
}

function schemaBlocks(name: string, schema: JsonSchema): DocBlock[] {
  const fields = fieldsOf(schema);
  const { description } = schema;
  return [
    { kind: "heading", depth: 3, id: schemaId(name), children: [code(name)] },
    ...(typeof description === "string" ? [paragraph(description)] : []),
    fields.length === 0
      ? { kind: "paragraph", children: describeType(schema) }
      : fieldTable(fields),
  ];
}

function fieldTable(fields: readonly SchemaField[]): DocBlock {
  return {
    kind: "table",
    head: ["Field", "Type", "What it is"].map((word) => [text(word)]),
    rows: fields.map(({ name, type, isRequired, description }) => [
      [code(name)],
      isRequired ? type : [...type, text(", optional")],
      toInlineWords(description),
    ]),
  };
}

const text = (words: string): DocInline => ({ kind: "text", text: words });
const code = (words: string): DocInline => ({ kind: "code", text: words });
const paragraph = (words: string): DocBlock => ({
  kind: "paragraph",
  children: toInlineWords(words),
});
const idOf = (words: string): string => words.toLowerCase().replaceAll(/[^a-z]+/g, "-");
const heading = (depth: number, words: string): DocBlock => ({
  kind: "heading",
  depth,
  id: idOf(words),
  children: [text(words)],
});
