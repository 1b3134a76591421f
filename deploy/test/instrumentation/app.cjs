// The same in the older module system.
async function main() {
  const response = await fetch(`${process.env.PROVIDER_URL}/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: "Hi" }] }),
  });
  console.log((await response.json()).choices[0].finish_reason);
}

void main();
