// An application that knows nothing of the instrumentation. What it does is its first argument.
const [, , what] = process.argv;

if (what === "with-own-sdk") {
  const { NodeSDK } = await import("@opentelemetry/sdk-node");
  const sdk = new NodeSDK({ serviceName: "own-sdk" });
  sdk.start();
  process.once("beforeExit", () => void sdk.shutdown());
}

const call = () =>
  fetch(`${process.env.PROVIDER_URL}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: "gpt-4o-mini",
      messages: [{ role: "user", content: what === "left-open" ? "{slow}" : "Hi" }],
      stream: what === "left-open",
    }),
  });

async function response() {
  if (what !== "with-own-work") return call();
  const { traceLlm } = await import("@lensai/instrumentation/manual/trace-llm");
  return traceLlm("answer", call);
}

const answer = await response();
if (what === "left-open") {
  await answer.body.getReader().read();
  console.log("reading");
  setInterval(() => {}, 1000);
} else {
  console.log((await answer.json()).choices[0].finish_reason);
}
