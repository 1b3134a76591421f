"""Portkey's SDK, which calls its gateway."""

from portkey_ai import AsyncPortkey
from scenario import MODELS, OPENAI_TOOLS, OPENAI_URL, read_stream


def make_step():
    client = AsyncPortkey(api_key="none", base_url=OPENAI_URL, provider="openai", max_retries=0)

    async def run(step):
        request = {
            "model": MODELS["chat"],
            "messages": [{"role": "user", "content": step["prompt"]}],
            **({"tools": OPENAI_TOOLS} if step.get("withTool") else {}),
        }
        if step.get("stream") is None:
            await client.chat.completions.create(**request)
            return
        options = {"stream_options": {"include_usage": True}} if step["stream"] == "usage" else {}
        stream = await client.chat.completions.create(**request, **options, stream=True)
        await read_stream(stream, step)

    return run
