"""Agents of AutoGen."""

from autogen_agentchat.agents import AssistantAgent
from autogen_core import CancellationToken
from autogen_ext.models.openai import OpenAIChatCompletionClient
from scenario import MODELS, OPENAI_URL, get_weather


def make_step():
    options = {"api_key": "sk-none", "base_url": OPENAI_URL, "max_retries": 0}

    async def run(step):
        streaming = step.get("stream") is not None
        client = OpenAIChatCompletionClient(
            model=MODELS["chat"], include_name_in_message=False, **options
        )
        agent = AssistantAgent(
            name="weather_agent",
            model_client=client,
            tools=[get_weather] if step.get("withTool") else [],
            reflect_on_tool_use=True,
            model_client_stream=streaming,
        )
        if not streaming:
            await agent.run(task=step["prompt"])
            return
        stream = agent.run_stream(task=step["prompt"], cancellation_token=CancellationToken())
        seen = 0
        async for _ in stream:
            seen += 1
            # The first event repeats the task.
            if step.get("aborts") and seen == 2:
                await stream.aclose()
                break

    return run
