"""OpenAI's Agents SDK, which calls the responses API."""

from agents import Agent, Runner, function_tool, set_default_openai_client
from openai import AsyncOpenAI
from scenario import MODELS, OPENAI_URL, get_weather


def make_step():
    client = AsyncOpenAI(api_key="sk-none", base_url=OPENAI_URL, max_retries=0)
    set_default_openai_client(client, use_for_tracing=False)
    weather = function_tool(get_weather)

    async def run(step):
        agent = Agent(
            name="weather agent",
            instructions="Be brief.",
            model=MODELS["chat"],
            tools=[weather] if step.get("withTool") else [],
        )
        if step.get("stream") is None:
            await Runner.run(agent, step["prompt"])
            return
        result = Runner.run_streamed(agent, step["prompt"])
        async for event in result.stream_events():
            if step.get("aborts") and event.type == "raw_response_event":
                result.cancel()
                break

    return run
