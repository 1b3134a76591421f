import type { CanaryField } from "./canaries.ts";

/** OTLP messages (as `encodeWithOracle` takes them) with canaries in every text that a sender controls. */

type Plant = (place: string) => string;
type Message = Record<string, unknown>;

const text = (key: string, value: string): Message => ({ key, value: { stringValue: value } });

/** A value as instrumentations nest it: list of maps with lists. */
function structured(plant: Plant, place: string): Message {
  const parts = {
    arrayValue: {
      values: [
        {
          kvlistValue: { values: [text("content", plant(`${place}, part`)), text("type", "text")] },
        },
        { stringValue: plant(`${place}, list item`) },
        { bytesValue: Buffer.from(plant(`${place}, bytes`)) },
      ],
    },
  };
  const message = {
    kvlistValue: { values: [text("role", "user"), { key: "parts", value: parts }] },
  };
  return { arrayValue: { values: [message] } };
}

const jsonMessages = (content: string): string =>
  JSON.stringify([{ role: "user", parts: [{ type: "text", content }] }]);

/** Attributes that hold content, of all three generations. */
function contentAttributes(plant: Plant): Message[] {
  return [
    text("gen_ai.input.messages", jsonMessages(plant("input messages, JSON"))),
    { key: "gen_ai.output.messages", value: structured(plant, "output messages, structured") },
    text(
      "gen_ai.system_instructions",
      JSON.stringify(JSON.stringify([{ content: plant("system instructions, encoded twice") }])),
    ),
    { key: "gen_ai.tool.definitions", value: structured(plant, "tool definitions, structured") },
    text("gen_ai.prompt", plant("gen 1 prompt")),
    text("gen_ai.completion", plant("gen 1 completion")),
    text("gen_ai.prompt.0.content", plant("indexed prompt")),
    text("gen_ai.completion.0.content", plant("indexed completion")),
    text("gen_ai.tool.call.arguments", JSON.stringify({ to: plant("tool arguments, JSON") })),
    { key: "gen_ai.tool.call.result", value: structured(plant, "tool result, structured") },
    text("input.value", plant("input.value")),
    text("traceloop.entity.input", jsonMessages(plant("traceloop input"))),
  ];
}

function otherAttributes(field: CanaryField): Message[] {
  const plant: Plant = (place) => field.plant(place);
  const query: Plant = (place) => field.plantQuery(place);
  return [
    text("url.full", `https://example.com/?${query("url.full")}`),
    text("url.query", query("url.query")),
    text("http.target", `/search?${query("http.target")}`),
    text("user.id", plant("user id")),
    text("gen_ai.request.model", plant("model name")),
    text("custom.note", plant("custom attribute")),
    { key: "custom.tree", value: structured(plant, "custom tree") },
    text(plant("attribute key"), "value"),
    { key: "custom.bytes", value: { bytesValue: Buffer.from(plant("bytes attribute")) } },
    { key: "custom.keys", value: { kvlistValue: { values: [text(plant("map key"), "v")] } } },
    text("process.command_line", plant("dropped command line")),
    { key: "process.command_args", value: structured(plant, "dropped command args") },
    text("http.request.header.authorization", `Bearer ${plant("dropped header")}`),
    text("mail", field.plantShort("attribute of six bytes")),
  ];
}

const resource = (plant: Plant): Message => ({
  attributes: [
    text("service.name", plant("service name")),
    text("custom.owner", plant("resource attribute")),
    { key: "custom.owners", value: structured(plant, "resource tree") },
    text(plant("resource attribute key"), "v"),
  ],
  entityRefs: [{ schemaUrl: plant("entity schema"), idKeys: [plant("entity id key")] }],
});

const scope = (plant: Plant): Message => ({
  name: plant("scope name"),
  version: plant("scope version"),
  attributes: [text("custom.scope", plant("scope attribute"))],
});

const LIMIT = 1024;

const ids = (n: number): Message => ({
  traceId: Buffer.from(n.toString(16).padStart(32, "a"), "hex"),
  spanId: Buffer.from(n.toString(16).padStart(16, "b"), "hex"),
});

const startUnixNano = (): string => `${Date.now()}000000`;

function span(field: CanaryField, n: number): Message {
  const plant: Plant = (place) => field.plant(place);
  return {
    ...ids(n),
    name: plant("span name"),
    traceState: plant("trace state"),
    startTimeUnixNano: startUnixNano(),
    endTimeUnixNano: startUnixNano(),
    attributes: [...contentAttributes(plant), ...otherAttributes(field)],
    status: { code: 2, message: plant("status message") },
    events: [
      {
        name: "exception",
        attributes: [
          text("exception.type", plant("exception type")),
          text("exception.message", plant("exception message")),
          text("exception.stacktrace", plant("stack trace")),
        ],
      },
      {
        name: "gen_ai.content.prompt",
        attributes: [text("gen_ai.prompt", plant("gen 1 event prompt"))],
      },
      { name: plant("event name"), attributes: [text(plant("event key"), plant("event text"))] },
      { name: "tree", attributes: [{ key: "tree", value: structured(plant, "event tree") }] },
    ],
    links: [
      {
        ...ids(n),
        traceState: plant("link state"),
        attributes: [text("custom.link", plant("link attribute"))],
      },
    ],
  };
}

/** A span with more attributes, events and links than are kept. */
function oversizedSpan(plant: Plant, n: number): Message {
  const filler = Array.from({ length: LIMIT }, (_, index) => index);
  return {
    ...ids(n),
    name: "oversized",
    startTimeUnixNano: startUnixNano(),
    attributes: [
      ...filler.map((index) => text(`filler.${index}`, "x")),
      text("late.text", plant("attribute beyond the limit")),
      { key: "late.tree", value: structured(plant, "tree beyond the limit") },
      text(plant("key beyond the limit"), "x"),
    ],
    events: [
      ...filler.map(() => ({ name: "filler" })),
      { name: "late", attributes: [text("late", plant("event beyond the limit"))] },
    ],
    links: [
      ...filler.map(() => ids(n)),
      { ...ids(n), attributes: [text("late", plant("link beyond the limit"))] },
    ],
  };
}

export const tracesRequest = (field: CanaryField, n: number): Message => {
  const plant: Plant = (place) => field.plant(place);
  return {
    resourceSpans: [
      {
        resource: resource(plant),
        schemaUrl: plant("resource schema url"),
        scopeSpans: [
          {
            scope: scope(plant),
            schemaUrl: plant("scope schema url"),
            spans: [span(field, n), oversizedSpan(plant, n + 1)],
          },
        ],
      },
    ],
  };
};

export const logsRequest = (field: CanaryField): Message => {
  const plant: Plant = (place) => field.plant(place);
  const record = (body: Message, more: Message = {}): Message => ({
    timeUnixNano: startUnixNano(),
    body,
    ...more,
  });
  return {
    resourceLogs: [
      {
        resource: resource(plant),
        scopeLogs: [
          {
            scope: scope(plant),
            schemaUrl: plant("logs schema url"),
            logRecords: [
              record({ stringValue: plant("log body") }, { severityText: plant("severity") }),
              record(structured(plant, "log body, structured"), {
                eventName: plant("log event name"),
              }),
              record({ bytesValue: Buffer.from(plant("log body, bytes")) }),
              record(
                { kvlistValue: { values: [text("content", plant("log body, map"))] } },
                {
                  attributes: [
                    ...contentAttributes(plant),
                    text("event.name", plant("event.name attribute")),
                  ],
                },
              ),
            ],
          },
        ],
      },
    ],
  };
};

export const metricsRequest = (field: CanaryField): Message => {
  const plant: Plant = (place) => field.plant(place);
  const point = (kind: string): Message => ({
    timeUnixNano: startUnixNano(),
    attributes: [
      text("custom.point", plant(`${kind} point attribute`)),
      text(plant(`${kind} point key`), "v"),
      { key: "gen_ai.input.messages", value: structured(plant, `${kind} point tree`) },
    ],
    exemplars: [
      {
        timeUnixNano: startUnixNano(),
        asDouble: 1,
        filteredAttributes: [text("custom.exemplar", plant(`${kind} exemplar`))],
      },
    ],
  });
  const about = (name: string): Message => ({
    name,
    description: plant("metric description"),
    unit: plant("metric unit"),
    metadata: [text("custom.metadata", plant("metric metadata"))],
  });
  return {
    resourceMetrics: [
      {
        resource: resource(plant),
        scopeMetrics: [
          {
            scope: scope(plant),
            schemaUrl: plant("metrics schema url"),
            metrics: [
              {
                ...about("gen_ai.client.token.usage"),
                histogram: { dataPoints: [{ ...point("histogram"), count: 1, sum: 5 }] },
              },
              {
                ...about("gen_ai.client.token.usage"),
                sum: { dataPoints: [{ ...point("sum"), asInt: "5" }] },
              },
              // Not about models: not stored, but in the same request as what is.
              {
                ...about(plant("metric name")),
                gauge: { dataPoints: [{ ...point("ignored gauge"), asDouble: 1 }] },
              },
            ],
          },
        ],
      },
    ],
  };
};

/** Spans 1 to `spans`, from `n` on, with content and nothing to mask. */
export function contentTraces(field: CanaryField, n: number, spans = 1): Message {
  const plant: Plant = (place) => field.plantPhrase(place);
  const list = Array.from({ length: spans }, (_, index) => ({
    ...ids(n + index),
    name: "chat",
    startTimeUnixNano: startUnixNano(),
    attributes: contentAttributes(plant),
    events: [
      {
        name: "gen_ai.content.prompt",
        attributes: [text("gen_ai.prompt", plant("gen 1 event prompt"))],
      },
      {
        name: "gen_ai.user.message",
        attributes: [text("gen_ai.event.content", plant("event content"))],
      },
    ],
  }));
  return { resourceSpans: [{ scopeSpans: [{ spans: list }] }] };
}

export function contentLogs(field: CanaryField): Message {
  const plant: Plant = (place) => field.plantPhrase(place);
  const bodies = [
    { stringValue: plant("log body") },
    structured(plant, "log body, structured"),
    { bytesValue: Buffer.from(plant("log body, bytes")) },
  ];
  const logRecords = bodies.map((body) => ({
    timeUnixNano: startUnixNano(),
    eventName: "gen_ai.user.message",
    body,
    attributes: contentAttributes(plant),
  }));
  return { resourceLogs: [{ scopeLogs: [{ logRecords }] }] };
}
