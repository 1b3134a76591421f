"""Agents of Agno."""

from importlib import import_module

from agno.agent import Agent
from scenario import MODELS, OPENAI_URL, PROVIDER, PROVIDER_URL, get_weather


def make_model():
    if PROVIDER == "anthropic":
        make = import_module("agno.models.anthropic").Claude
        client = {"base_url": PROVIDER_URL, "max_retries": 0}
        return make(id=MODELS["claude"], api_key="sk-none", client_params=client)
    if PROVIDER == "gemini":
        make = import_module("agno.models.google").Gemini
        options = {"http_options": {"base_url": PROVIDER_URL}}
        return make(id=MODELS["gemini"], api_key="none", client_params=options)
    make = import_module("agno.models.openai").OpenAIChat
    return make(id=MODELS["chat"], api_key="sk-none", base_url=OPENAI_URL, max_retries=0)


def make_step():
    async def run(step):
        model = make_model()
        tools = [get_weather] if step.get("withTool") else []
        agent = Agent(model=model, tools=tools, telemetry=False)
        if step.get("stream") is None:
            await agent.arun(step["prompt"])
            return
        events = agent.arun(step["prompt"], stream=True)
        async for event in events:
            if step.get("aborts") and getattr(event, "content", None):
                await events.aclose()
                break

    return run
