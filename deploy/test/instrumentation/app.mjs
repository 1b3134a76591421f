// An application that knows nothing of the instrumentation. What it does is its first argument.
const [, , what] = process.argv;

if (what === "with-own-sdk") {
  const { NodeSDK } = await import("@opentelemetry/sdk-node");
  const sdk = new NodeSDK({ serviceName: "own-sdk" });
  sdk.start();
  process.once("beforeExit", () => void sdk.shutdown());
}

const response = await fetch(`${process.env.PROVIDER_URL}/v1/chat/completions`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({
    model: "gpt-4o-mini",
    messages: [{ role: "user", content: what === "left-open" ? "{slow}" : "Hi" }],
    stream: what === "left-open",
  }),
});
if (what === "left-open") {
  await response.body.getReader().read();
  console.log("reading");
  setInterval(() => {}, 1000);
} else {
  console.log((await response.json()).choices[0].finish_reason);
}
