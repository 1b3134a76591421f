"""Agents of Pydantic AI with their own spans."""

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from scenario import MODELS, OPENAI_URL, get_weather


def make_step():
    provider = OpenAIProvider(base_url=OPENAI_URL, api_key="sk-none")
    model = OpenAIChatModel(MODELS["chat"], provider=provider)
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
