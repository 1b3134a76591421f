"""Strands agents with their own spans: every call is a stream with usage."""

from scenario import MODELS, OPENAI_URL, get_weather
from strands import Agent, tool
from strands.models.openai import OpenAIModel


def make_step():
    arguments = {"api_key": "sk-none", "base_url": OPENAI_URL, "max_retries": 0}
    model = OpenAIModel(client_args=arguments, model_id=MODELS["chat"])
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
