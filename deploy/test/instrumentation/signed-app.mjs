// An application that knows nothing of the instrumentation. It asks for two answers, one of them far too long, and stays.
const ask = async (maxTokens) => {
  const response = await fetch(`${process.env.PROVIDER_URL}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: "gpt-4o-mini",
      messages: [{ role: "user", content: "Hi" }],
      max_tokens: maxTokens,
    }),
  });
  await response.text();
  return response.status;
};
console.log(JSON.stringify([await ask(1_000), await ask(10_000_000)]));
process.stdin.resume();
