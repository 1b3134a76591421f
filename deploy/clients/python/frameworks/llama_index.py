"""LlamaIndex: models of OpenAI, and an agent for the tool."""

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.embeddings.openai import OpenAIEmbedding
from llama_index.llms.openai import OpenAI
from scenario import MODELS, OPENAI_URL, get_weather


def make_step():
    shared = {"api_key": "sk-none", "api_base": OPENAI_URL, "max_retries": 0}
    model = OpenAI(model=MODELS["chat"], **shared)
    embeddings = OpenAIEmbedding(model=MODELS["embedding"], **shared)

    async def run(step):
        if step.get("api") == "embeddings":
            await embeddings.aget_text_embedding(step["prompt"])
            return
        if step.get("withTool"):
            await FunctionAgent(tools=[get_weather], llm=model, streaming=False).run(step["prompt"])
            return
        messages = [ChatMessage(role="user", content=step["prompt"])]
        if step.get("stream") is None:
            await model.achat(messages)
            return
        stream = await model.astream_chat(messages, stream_options={"include_usage": True})
        async for _ in stream:
            if step.get("aborts"):
                await stream.aclose()
                break

    return run
