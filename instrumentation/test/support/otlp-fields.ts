/** The fields of a protobuf message, by number, as far as OTLP needs them. */
type Fields = ReadonlyMap<number, readonly (Buffer | bigint)[]>;

export interface ReadMetricPoint {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Names of the spans in an ExportTraceServiceRequest. */
export function spanNamesIn(body: Buffer): string[] {
  return messages(body, 1)
    .flatMap((resourceSpans) => messages(resourceSpans, 2))
    .flatMap((scopeSpans) => messages(scopeSpans, 2))
    .map((span) => text(span, 5));
}

/** Integer points of sums in an ExportMetricsServiceRequest. */
export function metricPointsIn(body: Buffer): ReadMetricPoint[] {
  const metrics = messages(body, 1)
    .flatMap((resourceMetrics) => messages(resourceMetrics, 2))
    .flatMap((scopeMetrics) => messages(scopeMetrics, 2));
  return metrics.flatMap((metric) =>
    messages(metric, 7)
      .flatMap((sum) => messages(sum, 1))
      .map((point) => ({
        name: text(metric, 1),
        value: Number(fieldsOf(point).get(6)?.[0] ?? 0n),
        attributes: Object.fromEntries(
          messages(point, 7).map((pair) => [text(pair, 1), text(messages(pair, 2)[0], 1)]),
        ),
      })),
  );
}

function messages(body: Buffer | undefined, number: number): Buffer[] {
  return (fieldsOf(body ?? Buffer.alloc(0)).get(number) ?? []) as Buffer[];
}

const text = (body: Buffer | undefined, number: number): string =>
  String(messages(body, number)[0] ?? "");

function fieldsOf(body: Buffer): Fields {
  const fields = new Map<number, (Buffer | bigint)[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = body[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < body.length) {
    const tag = varint();
    const values = fields.get(tag >> 3) ?? [];
    fields.set(tag >> 3, values);
    if ((tag & 7) === 0) values.push(BigInt(varint()));
    else if ((tag & 7) === 1) values.push(body.readBigInt64LE(at));
    else if ((tag & 7) === 2) {
      const length = varint();
      values.push(body.subarray(at, (at += length)));
    }
    if ((tag & 7) === 1) at += 8;
    if ((tag & 7) === 5) at += 4;
  }
  return fields;
}
