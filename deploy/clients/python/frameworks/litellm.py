"""LiteLLM as a library, with its own callback."""

import litellm
from scenario import MODELS, OPENAI_TOOLS, OPENAI_URL, PROVIDER, PROVIDER_URL

litellm.suppress_debug_info = True
litellm.callbacks = ["otel"]


MODEL, URL = {
    "openai": (f"openai/{MODELS['chat']}", OPENAI_URL),
    "anthropic": (f"anthropic/{MODELS['claude']}", PROVIDER_URL),
    # It appends what to generate to the address.
    "gemini": (f"gemini/{MODELS['gemini']}", f"{PROVIDER_URL}/v1beta/models/{MODELS['gemini']}"),
}[PROVIDER]


def make_step():
    shared = {"api_key": "sk-none", "api_base": URL, "num_retries": 0}

    async def run(step):
        if step.get("api") == "embeddings":
            model = f"openai/{MODELS['embedding']}"
            await litellm.aembedding(model=model, input=[step["prompt"]], **shared)
            return
        request = {
            "model": MODEL,
            "messages": [{"role": "user", "content": step["prompt"]}],
            **({"tools": OPENAI_TOOLS} if step.get("withTool") else {}),
            **shared,
        }
        if step.get("stream") is None:
            await litellm.acompletion(**request)
            return
        options = {"stream_options": {"include_usage": True}} if step["stream"] == "usage" else {}
        stream = await litellm.acompletion(**request, **options, stream=True)
        async for _ in stream:
            if step.get("aborts"):
                await stream.aclose()
                break

    return run
