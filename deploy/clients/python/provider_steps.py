"""Calls by the SDKs of further providers. A factory gives a coroutine function that takes the step."""

from importlib import import_module

from scenario import MODELS, OPENAI_TOOLS, OPENAI_URL, PROVIDER_URL, has, read_stream


def cohere_step():
    import cohere

    client = cohere.AsyncClientV2(api_key="none", base_url=PROVIDER_URL)

    async def run(step):
        options = {"request_options": {"max_retries": 0 if step.get("fails") else 1}}
        if step.get("api") == "embeddings":
            request = {"texts": [step["prompt"]], "input_type": "search_document"}
            model = MODELS["cohereEmbedding"]
            await client.embed(model=model, embedding_types=["float"], **request, **options)
            return
        if step.get("api") == "rerank":
            request = {"query": step["prompt"], "documents": ["one"]}
            await client.rerank(model=MODELS["cohereRanking"], **request, **options)
            return
        request = {
            "model": MODELS["cohere"],
            "messages": [{"role": "user", "content": step["prompt"]}],
            **({"tools": OPENAI_TOOLS} if step.get("withTool") else {}),
        }
        if step.get("stream") is None:
            await client.chat(**request, **options)
            return
        stream = client.chat_stream(**request, **options)
        async for _ in stream:
            if step.get("aborts"):
                await stream.aclose()
                break

    return run


def openai_like_step(client):
    """Groq's and Together's clients: chat completions by the names of OpenAI's."""

    async def run(step):
        request = {
            "model": MODELS["chat"],
            "messages": [{"role": "user", "content": step["prompt"]}],
            **({"tools": OPENAI_TOOLS} if step.get("withTool") else {}),
        }
        if step.get("stream") is None:
            await client.chat.completions.create(**request)
        else:
            await read_stream(await client.chat.completions.create(**request, stream=True), step)

    return run


def groq_step():
    from groq import AsyncGroq

    return openai_like_step(AsyncGroq(api_key="none", base_url=PROVIDER_URL, max_retries=1))


def together_step():
    from together import AsyncTogether

    return openai_like_step(AsyncTogether(api_key="none", base_url=OPENAI_URL, max_retries=1))


def mistral_step():
    mistralai = import_module("mistralai.client" if has("mistralai.client.utils") else "mistralai")
    utils = import_module(f"{mistralai.__name__}.utils")
    backoff = utils.BackoffStrategy(20, 20, 1, 500)
    client = mistralai.Mistral(
        api_key="none",
        server_url=PROVIDER_URL,
        retry_config=utils.RetryConfig("backoff", backoff, False),
    )
    # It waits between attempts for as long as chance has it: how many there are would vary.
    no_retries = utils.RetryConfig("none", backoff, False)

    async def run(step):
        options = {"retries": no_retries} if step.get("fails") else {}
        if step.get("api") == "embeddings":
            model = MODELS["mistralEmbedding"]
            await client.embeddings.create_async(model=model, inputs=[step["prompt"]], **options)
            return
        if step.get("api") == "fim":
            request = {"model": MODELS["codestral"], "prompt": step["prompt"]}
            api = client.fim
        else:
            request = {
                "model": MODELS["mistral"],
                "messages": [{"role": "user", "content": step["prompt"]}],
                **({"tools": OPENAI_TOOLS} if step.get("withTool") else {}),
            }
            api = client.chat
        if step.get("stream") is None:
            await api.complete_async(**request, **options)
            return
        # A generator of its own stands for the stream under some instrumentations.
        stream = await api.stream_async(**request, **options)
        async for _ in stream:
            if step.get("aborts"):
                await (stream.aclose() if hasattr(stream, "aclose") else stream.response.aclose())
                break

    return run


def ollama_step():
    from ollama import AsyncClient

    client = AsyncClient(host=PROVIDER_URL)

    async def run(step):
        model = MODELS["ollama"]
        streaming = step.get("stream") is not None
        if step.get("api") == "embeddings":
            await client.embed(model=model, input=step["prompt"])
            return
        if step.get("api") == "generate":
            answer = await client.generate(model=model, prompt=step["prompt"], stream=streaming)
        else:
            messages = [{"role": "user", "content": step["prompt"]}]
            tools = {"tools": OPENAI_TOOLS} if step.get("withTool") else {}
            answer = await client.chat(model=model, messages=messages, stream=streaming, **tools)
        if not streaming:
            return
        async for _ in answer:
            if step.get("aborts"):
                await answer.aclose()
                break

    return run


PROVIDERS = {
    "cohere": cohere_step,
    "groq": groq_step,
    "mistral": mistral_step,
    "ollama": ollama_step,
    "together": together_step,
}
