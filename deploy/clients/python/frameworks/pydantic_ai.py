"""Agents of Pydantic AI with their own spans."""

from importlib import import_module

from pydantic_ai import Agent
from scenario import MODELS, OPENAI_URL, PROVIDER, PROVIDER_URL, get_weather

# Module, classes of the model and of its provider, name of the model, arguments of the provider.
PROVIDERS = {
    "openai": (
        "openai",
        "OpenAIChatModel",
        "OpenAIProvider",
        "chat",
        {"base_url": OPENAI_URL, "api_key": "sk-none"},
    ),
    "anthropic": (
        "anthropic",
        "AnthropicModel",
        "AnthropicProvider",
        "claude",
        {"base_url": PROVIDER_URL, "api_key": "sk-ant-none"},
    ),
    "gemini": (
        "google",
        "GoogleModel",
        "GoogleProvider",
        "gemini",
        {"base_url": PROVIDER_URL, "api_key": "none"},
    ),
}


def make_step():
    module, model_class, provider_class, model_name, arguments = PROVIDERS[PROVIDER]
    make_provider = getattr(import_module(f"pydantic_ai.providers.{module}"), provider_class)
    make_model = getattr(import_module(f"pydantic_ai.models.{module}"), model_class)
    model = make_model(MODELS[model_name], provider=make_provider(**arguments))
    Agent.instrument_all()

    async def run(step):
        agent = Agent(model, tools=[get_weather] if step.get("withTool") else [])
        if step.get("stream") is None:
            await agent.run(step["prompt"])
            return
        async with agent.run_stream(step["prompt"]) as result:
            async for _ in result.stream_text():
                if step.get("aborts"):
                    break

    return run
