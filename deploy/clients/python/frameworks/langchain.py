"""LangChain's models."""

from importlib import import_module

from scenario import MODELS, OPENAI_TOOLS, OPENAI_URL, PROVIDER, PROVIDER_URL


def make_chat():
    if PROVIDER == "anthropic":
        make = import_module("langchain_anthropic").ChatAnthropic
        return make(
            model=MODELS["claude"], api_key="sk-none", base_url=PROVIDER_URL, max_retries=0
        )
    if PROVIDER == "gemini":
        make = import_module("langchain_google_genai").ChatGoogleGenerativeAI
        return make(model=MODELS["gemini"], api_key="none", base_url=PROVIDER_URL, max_retries=0)
    make = import_module("langchain_openai").ChatOpenAI
    shared = {"api_key": "sk-none", "base_url": OPENAI_URL, "max_retries": 0}
    return make(model=MODELS["chat"], stream_usage=True, **shared)


def make_embeddings():
    return import_module("langchain_openai").OpenAIEmbeddings(
        model=MODELS["embedding"],
        check_embedding_ctx_length=False,
        api_key="sk-none",
        base_url=OPENAI_URL,
        max_retries=0,
    )


def make_step():
    chat = make_chat()

    async def run(step):
        if step.get("api") == "embeddings":
            await make_embeddings().aembed_query(step["prompt"])
            return
        model = chat.bind_tools(OPENAI_TOOLS) if step.get("withTool") else chat
        if step.get("stream") is None:
            await model.ainvoke(step["prompt"])
            return
        async for _ in model.astream(step["prompt"]):
            if step.get("aborts"):
                break

    return run
