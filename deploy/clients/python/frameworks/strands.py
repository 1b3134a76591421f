"""Strands agents with their own spans: every call is a stream with usage."""

from importlib import import_module

from scenario import MODELS, OPENAI_URL, PROVIDER, PROVIDER_URL, get_weather
from strands import Agent, tool


def make_model():
    if PROVIDER == "anthropic":
        make = import_module("strands.models.anthropic").AnthropicModel
        arguments = {"api_key": "sk-none", "base_url": PROVIDER_URL, "max_retries": 0}
        return make(client_args=arguments, model_id=MODELS["claude"], max_tokens=400)
    if PROVIDER == "gemini":
        make = import_module("strands.models.gemini").GeminiModel
        arguments = {"api_key": "none", "http_options": {"base_url": PROVIDER_URL}}
        return make(client_args=arguments, model_id=MODELS["gemini"])
    make = import_module("strands.models.openai").OpenAIModel
    arguments = {"api_key": "sk-none", "base_url": OPENAI_URL, "max_retries": 0}
    return make(client_args=arguments, model_id=MODELS["chat"])


def make_step():
    model = make_model()
    weather = tool(get_weather)

    async def run(step):
        tools = [weather] if step.get("withTool") else []
        agent = Agent(model=model, tools=tools, callback_handler=None)
        if step.get("stream") is None:
            await agent.invoke_async(step["prompt"])
            return
        events = agent.stream_async(step["prompt"])
        async for event in events:
            if step.get("aborts") and "data" in event:
                await events.aclose()
                break

    return run
