"""Semantic Kernel with its own spans."""

from openai import AsyncOpenAI
from scenario import MODELS, OPENAI_URL, get_weather
from semantic_kernel import Kernel
from semantic_kernel.connectors.ai import FunctionChoiceBehavior
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion, OpenAIChatPromptExecutionSettings
from semantic_kernel.contents import ChatHistory
from semantic_kernel.functions import kernel_function


def make_step():
    client = AsyncOpenAI(api_key="sk-none", base_url=OPENAI_URL, max_retries=0)
    service = OpenAIChatCompletion(ai_model_id=MODELS["chat"], async_client=client)
    kernel = Kernel()
    kernel.add_function("weather", kernel_function(get_weather))

    async def run(step):
        settings = OpenAIChatPromptExecutionSettings()
        if step.get("withTool"):
            settings.function_choice_behavior = FunctionChoiceBehavior.Auto()
        history = ChatHistory()
        history.add_user_message(step["prompt"])
        if step.get("stream") is None:
            await service.get_chat_message_contents(history, settings, kernel=kernel)
            return
        stream = service.get_streaming_chat_message_contents(history, settings, kernel=kernel)
        async for _ in stream:
            if step.get("aborts"):
                await stream.aclose()
                break

    return run
