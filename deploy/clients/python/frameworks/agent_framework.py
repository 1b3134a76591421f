"""Microsoft's Agent Framework with its own spans."""

from agent_framework import Agent
from agent_framework.openai import OpenAIChatCompletionClient
from openai import AsyncOpenAI
from scenario import MODELS, OPENAI_URL, get_weather


def make_step():
    openai = AsyncOpenAI(api_key="sk-none", base_url=OPENAI_URL, max_retries=0)
    client = OpenAIChatCompletionClient(model=MODELS["chat"], async_client=openai)

    async def run(step):
        agent = Agent(client, "Be brief.", tools=[get_weather] if step.get("withTool") else [])
        if step.get("stream") is None:
            await agent.run(step["prompt"])
            return
        stream = agent.run(step["prompt"], stream=True)
        async for _ in stream:
            if step.get("aborts"):
                break

    return run
