"""Pipelines of Haystack with one component, a model or an embedder of OpenAI."""

import asyncio

from haystack import Pipeline
from haystack.components.embedders import OpenAITextEmbedder
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.tools import create_tool_from_function
from haystack.utils import Secret
from scenario import MODELS, OPENAI_URL, get_weather


class Left(Exception):
    """The application has heard enough of a stream."""


def make_step():
    shared = {"api_key": Secret.from_token("sk-none"), "api_base_url": OPENAI_URL, "max_retries": 0}
    weather = create_tool_from_function(get_weather)

    def call(step):
        pipeline = Pipeline()
        if step.get("api") == "embeddings":
            pipeline.add_component("model", OpenAITextEmbedder(model=MODELS["embedding"], **shared))
            pipeline.run({"model": {"text": step["prompt"]}})
            return

        def leave(_):
            if step.get("aborts"):
                raise Left

        streaming = step.get("stream") is not None
        options = {"stream_options": {"include_usage": True}} if streaming else {}
        generator = OpenAIChatGenerator(
            model=MODELS["chat"],
            tools=[weather] if step.get("withTool") else None,
            streaming_callback=leave if streaming else None,
            generation_kwargs=options,
            **shared,
        )
        pipeline.add_component("model", generator)
        pipeline.run({"model": {"messages": [ChatMessage.from_user(step["prompt"])]}})

    async def run(step):
        await asyncio.to_thread(call, step)

    return run
