import type { DocInline } from "../../docs/doc-node.ts";
import type { JsonSchema } from "../api/openapi.ts";

/** A member of an object; members of objects inside it follow with their path: `latencyMs.p50`. */
export interface SchemaField {
  readonly name: string;
  readonly type: readonly DocInline[];
  readonly isRequired: boolean;
  readonly description: string;
}

const text = (words: string): DocInline => ({ kind: "text", text: words });
const code = (words: string): DocInline => ({ kind: "code", text: words });

/** The fragment of a named schema on the reference page. */
export const schemaId = (name: string): string => `schema-${name}`;

/** What a schema allows, in words; a named one is a link to where it is described. */
export function describeType(schema: JsonSchema): DocInline[] {
  const { $ref, anyOf, oneOf, allOf, enum: values, const: value, items } = schema;
  if (typeof $ref === "string") {
    const name = $ref.split("/").at(-1) ?? "";
    return [{ kind: "link", href: `#${schemaId(name)}`, children: [text(name)] }];
  }
  const choices = anyOf ?? oneOf ?? allOf;
  if (Array.isArray(choices)) return joined((choices as JsonSchema[]).map(describeType), " or ");
  if (value !== undefined) return [code(JSON.stringify(value))];
  if (Array.isArray(values)) {
    return joined(
      values.map((one) => [code(String(one))]),
      ", ",
    );
  }
  if (schema["type"] === "array")
    return [text("list of "), ...describeType((items ?? {}) as JsonSchema)];
  return [text(`${typeWords(schema)}${limitWords(schema)}`)];
}

function typeWords({ type, format, additionalProperties }: JsonSchema): string {
  if (Array.isArray(type)) return type.join(" or ");
  if (format === "date-time") return "time";
  if (type === "object" && typeof additionalProperties === "object") return "object by name";
  return typeof type === "string" ? type : "any value";
}

/** zod names the bounds of whole numbers that a double can hold: they limit nothing. */
const isBound = (value: unknown): value is number =>
  typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER;

function limitWords(schema: JsonSchema): string {
  const { minimum, maximum, minLength, maxLength, default: preset } = schema;
  const words = [
    rangeWords(minimum, maximum, ""),
    rangeWords(minLength, maxLength, " characters"),
    preset === undefined ? "" : `default ${JSON.stringify(preset)}`,
  ].filter((part) => part !== "");
  return words.length === 0 ? "" : `, ${words.join(", ")}`;
}

function rangeWords(least: unknown, most: unknown, unit: string): string {
  if (isBound(least) && isBound(most)) return `${least} to ${most}${unit}`;
  if (isBound(most)) return `at most ${most}${unit}`;
  return isBound(least) && least > 0 ? `at least ${least}${unit}` : "";
}

/** The members of an object, those of unnamed objects inside it too unless `isFlat`; none for anything else. */
export function fieldsOf(
  schema: JsonSchema,
  { prefix = "", isFlat = false }: { readonly prefix?: string; readonly isFlat?: boolean } = {},
): SchemaField[] {
  const properties = schema["properties"] as Readonly<Record<string, JsonSchema>> | undefined;
  if (properties === undefined) return [];
  const required = (schema["required"] ?? []) as readonly string[];
  const fields: SchemaField[] = [];
  for (const [key, property] of Object.entries(properties)) {
    const { description = "" } = property;
    fields.push({
      name: `${prefix}${key}`,
      type: describeType(property),
      isRequired: required.includes(key),
      description: String(description),
    });
    if (!isFlat) fields.push(...fieldsInside(property, `${prefix}${key}`));
  }
  return fields;
}

function fieldsInside(property: JsonSchema, name: string): SchemaField[] {
  if (property["type"] === "array") {
    return fieldsOf((property["items"] ?? {}) as JsonSchema, { prefix: `${name}[].` });
  }
  const choices = (property["anyOf"] ?? []) as readonly JsonSchema[];
  return [property, ...choices].flatMap((choice) => fieldsOf(choice, { prefix: `${name}.` }));
}

/** Parts with a separator between them. */
export function joined(parts: readonly DocInline[][], separator: string): DocInline[] {
  return parts.flatMap((part, index) => (index === 0 ? part : [text(separator), ...part]));
}
