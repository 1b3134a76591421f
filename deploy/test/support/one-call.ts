import { randomBytes } from "node:crypto";

/** What a call of ONE_CALL's usage costs: 1,000,000 x $0.15 + 100,000 x $0.60 per million. */
export const ONE_CALL_NANO_USD = 210_000_000n;

const text = (key: string, value: string): object => ({ key, value: { stringValue: value } });
const count = (key: string, value: number): object => ({ key, value: { intValue: String(value) } });

/** One GenAI span as OTLP/JSON, as a script would send it. */
export function oneCall(): string {
  const endUnixNano = BigInt(Date.now()) * 1_000_000n;
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: [text("service.name", "one-call")] },
        scopeSpans: [
          {
            spans: [
              {
                traceId: randomBytes(16).toString("hex"),
                spanId: randomBytes(8).toString("hex"),
                name: "chat gpt-4o-mini",
                kind: 3,
                startTimeUnixNano: String(endUnixNano - 1_500_000_000n),
                endTimeUnixNano: String(endUnixNano),
                attributes: [
                  text("gen_ai.operation.name", "chat"),
                  text("gen_ai.provider.name", "openai"),
                  text("gen_ai.request.model", "gpt-4o-mini"),
                  text("user.id", "first-user"),
                  count("gen_ai.usage.input_tokens", 1_000_000),
                  count("gen_ai.usage.output_tokens", 100_000),
                ],
              },
            ],
          },
        ],
      },
    ],
  });
}

/** Posts it and returns the status. */
export async function sendOneCall(
  otlpHttpUrl: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const response = await fetch(`${otlpHttpUrl}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: oneCall(),
  });
  await response.arrayBuffer();
  return response.status;
}
