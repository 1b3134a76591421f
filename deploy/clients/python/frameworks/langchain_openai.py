"""LangChain's models of OpenAI."""

from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from scenario import MODELS, OPENAI_TOOLS, OPENAI_URL


def make_step():
    shared = {"api_key": "sk-none", "base_url": OPENAI_URL, "max_retries": 0}
    chat = ChatOpenAI(model=MODELS["chat"], stream_usage=True, **shared)
    embeddings = OpenAIEmbeddings(
        model=MODELS["embedding"], check_embedding_ctx_length=False, **shared
    )

    async def run(step):
        if step.get("api") == "embeddings":
            await embeddings.aembed_query(step["prompt"])
            return
        model = chat.bind_tools(OPENAI_TOOLS) if step.get("withTool") else chat
        if step.get("stream") is None:
            await model.ainvoke(step["prompt"])
            return
        async for _ in model.astream(step["prompt"]):
            if step.get("aborts"):
                break

    return run
