"""Agents of AG2, with its own spans."""

from ag2 import Agent
from ag2.config import OpenAIConfig
from ag2.middleware import TelemetryMiddleware
from scenario import MODELS, OPENAI_URL, get_weather


def make_step():
    async def run(step):
        config = OpenAIConfig(
            model=MODELS["chat"],
            api_key="sk-none",
            base_url=OPENAI_URL,
            max_retries=0,
            streaming=step.get("stream") is not None,
        )
        tools = [get_weather] if step.get("withTool") else []
        agent = Agent("helper", config=config, tools=tools, middleware=[TelemetryMiddleware()])
        await agent.ask(step["prompt"])

    return run
