"""A model of smolagents; its agents want answers in a form of their own."""

import asyncio

from scenario import MODELS, OPENAI_URL
from smolagents import ChatMessage, OpenAIServerModel, Tool


class Weather(Tool):
    name = "get_weather"
    description = "weather"
    inputs = {"city": {"type": "string", "description": "its name"}}
    output_type = "string"

    def forward(self, city: str) -> str:
        return "18 degrees and sunny"


def make_step():
    model = OpenAIServerModel(
        model_id=MODELS["chat"],
        api_base=OPENAI_URL,
        api_key="sk-none",
        client_kwargs={"max_retries": 0},
    )

    def call(step):
        messages = [ChatMessage(role="user", content=[{"type": "text", "text": step["prompt"]}])]
        tools = [Weather()] if step.get("withTool") else None
        if step.get("stream") is None:
            model.generate(messages, tools_to_call_from=tools)
            return
        stream = model.generate_stream(messages)
        for _ in stream:
            if step.get("aborts"):
                stream.close()
                break

    async def run(step):
        await asyncio.to_thread(call, step)

    return run
