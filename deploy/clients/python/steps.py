"""How each SDK makes the call of a step. A factory gives a coroutine function that takes the step."""

import asyncio
import json
import os
from importlib.util import find_spec
from pathlib import Path

PROVIDER_URL = os.environ["PROVIDER_URL"]
DATA = json.loads((Path(__file__).parent.parent / "shared" / "steps.json").read_text())
MODELS = DATA["models"]
TOOL = DATA["tool"]
TOOL_SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
OPENAI_TOOLS = [{"type": "function", "function": {"name": TOOL["name"], "parameters": TOOL_SCHEMA}}]


async def read_stream(stream, step):
    async for _ in stream:
        if step.get("aborts"):
            await stream.close()
            break


def openai_step():
    from openai import AsyncOpenAI

    client = AsyncOpenAI(api_key="sk-none", base_url=f"{PROVIDER_URL}/v1", max_retries=1)

    async def run(step):
        if step.get("api") == "embeddings":
            await client.embeddings.create(model=MODELS["embedding"], input=step["prompt"])
            return
        if step.get("api") == "responses":
            request = {"model": MODELS["chat"], "input": step["prompt"]}
            create = client.responses.create
        else:
            request = {
                "model": MODELS["chat"],
                "messages": [{"role": "user", "content": step["prompt"]}],
                **({"tools": OPENAI_TOOLS} if step.get("withTool") else {}),
            }
            create = client.chat.completions.create
            if step.get("stream") == "usage":
                request["stream_options"] = {"include_usage": True}
        if step.get("stream") is None:
            await create(**request)
        else:
            await read_stream(await create(**request, stream=True), step)

    return run


def anthropic_step():
    from anthropic import AsyncAnthropic

    client = AsyncAnthropic(api_key="sk-ant-none", base_url=PROVIDER_URL, max_retries=1)
    tools = [{"name": TOOL["name"], "description": "weather", "input_schema": TOOL_SCHEMA}]

    async def run(step):
        cache_control = {"type": "ephemeral", **({"ttl": step["ttl"]} if "ttl" in step else {})}
        request = {
            "model": MODELS["claude"],
            "max_tokens": 400,
            "system": [{"type": "text", "text": "Be brief.", "cache_control": cache_control}],
            "messages": [{"role": "user", "content": step["prompt"]}],
            **({"tools": tools} if step.get("withTool") else {}),
        }
        if step.get("stream") is None:
            await client.messages.create(**request)
        else:
            await read_stream(await client.messages.create(**request, stream=True), step)

    return run


def gemini_step():
    from google import genai

    client = genai.Client(api_key="none", http_options={"base_url": PROVIDER_URL})
    declaration = {"name": TOOL["name"], "description": "weather", "parameters_json_schema": TOOL_SCHEMA}

    async def run(step):
        request = {"model": MODELS["gemini"], "contents": step["prompt"]}
        if step.get("withTool"):
            request["config"] = {"tools": [{"function_declarations": [declaration]}]}
        if step.get("stream") is None:
            await client.aio.models.generate_content(**request)
            return
        stream = await client.aio.models.generate_content_stream(**request)
        async for _ in stream:
            if step.get("aborts"):
                await stream.aclose()
                break

    return run


def bedrock_step(scenario):
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=PROVIDER_URL,
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(retries={"total_max_attempts": 1}),
    )
    model = MODELS["bedrock"]

    def converse(step):
        content = [{"text": step["prompt"]}, {"cachePoint": {"type": "default"}}]
        request = {
            "modelId": model,
            "messages": [{"role": "user", "content": content}],
            "inferenceConfig": {"maxTokens": 400},
        }
        if step.get("stream") is None:
            client.converse(**request)
        else:
            read_events(client.converse_stream(**request)["stream"], step)

    def invoke(step):
        body = {
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": 400,
            "messages": [{"role": "user", "content": step["prompt"]}],
        }
        request = {"modelId": model, "contentType": "application/json", "body": json.dumps(body)}
        if step.get("stream") is None:
            client.invoke_model(**request)["body"].read()
        else:
            read_events(client.invoke_model_with_response_stream(**request)["body"], step)

    make = invoke if scenario == "bedrock-invoke" else converse

    async def run(step):
        await asyncio.to_thread(make, step)

    return run


def read_events(stream, step):
    for _ in stream:
        if step.get("aborts"):
            stream.close()
            break


def langchain_step():
    from langchain_openai import ChatOpenAI, OpenAIEmbeddings

    shared = {"api_key": "sk-none", "base_url": f"{PROVIDER_URL}/v1", "max_retries": 0}
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


def litellm_step():
    # Its list of prices comes with it; otherwise it is fetched.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm

    litellm.suppress_debug_info = True
    litellm.callbacks = ["otel"]
    shared = {"api_key": "sk-none", "api_base": f"{PROVIDER_URL}/v1", "num_retries": 0}

    async def run(step):
        if step.get("api") == "embeddings":
            model = f"openai/{MODELS['embedding']}"
            await litellm.aembedding(model=model, input=[step["prompt"]], **shared)
            return
        request = {
            "model": f"openai/{MODELS['chat']}",
            "messages": [{"role": "user", "content": step["prompt"]}],
            **({"tools": OPENAI_TOOLS} if step.get("withTool") else {}),
            **shared,
        }
        if step.get("stream") is None:
            await litellm.acompletion(**request)
            return
        options = {"stream_options": {"include_usage": True}} if step["stream"] == "usage" else {}
        stream = await litellm.acompletion(**request, **options, stream=True)
        async for _ in stream:
            if step.get("aborts"):
                await stream.aclose()
                break

    return run


def pydantic_ai_step():
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(base_url=f"{PROVIDER_URL}/v1", api_key="sk-none")
    model = OpenAIChatModel(MODELS["chat"], provider=provider)
    Agent.instrument_all()

    def get_weather(city: str) -> str:
        return TOOL["result"]

    async def run(step):
        agent = Agent(model, tools=[get_weather] if step.get("withTool") else [])
        if step.get("stream") is None:
            await agent.run(step["prompt"])
            return
        async with agent.run_stream(step["prompt"]) as result:
            async for _ in result.stream_text():
                if step.get("aborts"):
                    break

    return run


def has(module):
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def step_of(scenario):
    """The SDK of a scenario; where several are installed, the one that builds on the others."""
    if scenario.startswith("anthropic"):
        return anthropic_step()
    if scenario.startswith("gemini"):
        return gemini_step()
    if scenario.startswith("bedrock"):
        return bedrock_step(scenario)
    if has("pydantic_ai"):
        return pydantic_ai_step()
    if has("litellm"):
        return litellm_step()
    if has("langchain_openai"):
        return langchain_step()
    return openai_step()
