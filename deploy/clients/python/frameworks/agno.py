"""Agents of Agno."""

from agno.agent import Agent
from agno.models.openai import OpenAIChat
from scenario import MODELS, OPENAI_URL, get_weather


def make_step():
    async def run(step):
        model = OpenAIChat(
            id=MODELS["chat"], api_key="sk-none", base_url=OPENAI_URL, max_retries=0
        )
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
