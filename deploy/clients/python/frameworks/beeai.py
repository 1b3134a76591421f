"""Chat models of BeeAI."""

from beeai_framework.backend import ChatModel, UserMessage
from scenario import MODELS, OPENAI_URL


def make_step():
    async def run(step):
        model = ChatModel.from_name(
            f"openai:{MODELS['chat']}", api_key="sk-none", base_url=OPENAI_URL
        )
        await model.run([UserMessage(step["prompt"])], stream=step.get("stream") is not None)

    return run
