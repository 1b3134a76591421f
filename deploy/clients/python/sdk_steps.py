"""How each provider's SDK makes the call of a step. A factory gives a coroutine function that takes the step."""

import asyncio
import json
import os
from importlib import import_module

from scenario import MODELS, OPENAI_TOOLS, OPENAI_URL, PROVIDER_URL, TOOL, TOOL_SCHEMA, read_stream


def openai_step(url=OPENAI_URL):
    from openai import AsyncOpenAI

    client = AsyncOpenAI(api_key="sk-none", base_url=url, max_retries=1)
    if "LANGSMITH_TRACING" in os.environ:
        client = import_module("langsmith.wrappers").wrap_openai(client)

    async def run(step):
        if step.get("api") == "embeddings":
            await client.embeddings.create(model=MODELS["embedding"], input=step["prompt"])
            return
        if step.get("api") == "background":
            return await openai_background(client, step)
        if step.get("api") == "batch":
            return await openai_batch(client, step)
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


async def openai_background(client, step):
    """Asked for in one request, and fetched until it is there: once more than needed, as applications do."""
    request = {"model": MODELS["chat"], "input": step["prompt"], "background": True}
    asked = await client.responses.create(**request)
    for _ in range(3):
        await client.responses.retrieve(asked.id)


async def openai_batch(client, step):
    """Two requests in a file; the file with their answers is fetched twice."""
    url = "/v1/chat/completions"
    body = {"model": MODELS["chat"], "messages": [{"role": "user", "content": step["prompt"]}]}
    lines = [json.dumps({"custom_id": each, "method": "POST", "url": url, "body": body}) for each in "ab"]
    file = await client.files.create(file=("batch.jsonl", "\n".join(lines).encode()), purpose="batch")
    batch = await client.batches.create(input_file_id=file.id, endpoint=url, completion_window="24h")
    await client.batches.retrieve(batch.id)
    done = await client.batches.retrieve(batch.id)
    for _ in range(2):
        await client.files.content(done.output_file_id)


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
        if step.get("api") == "batch":
            return await anthropic_batch(client, request)
        if step.get("stream") is None:
            await client.messages.create(**request)
        else:
            await read_stream(await client.messages.create(**request, stream=True), step)

    return run


async def anthropic_batch(client, params):
    """Two requests at once; their answers are fetched twice."""
    requests = [{"custom_id": each, "params": params} for each in "ab"]
    batch = await client.messages.batches.create(requests=requests)
    await client.messages.batches.retrieve(batch.id)
    for _ in range(2):
        async for _ in await client.messages.batches.results(batch.id):
            pass


def gemini_step(on_vertex=False):
    from google import genai

    options = {"http_options": {"base_url": PROVIDER_URL}}
    if on_vertex:
        credentials = import_module("google.oauth2.credentials").Credentials(token="none")
        place = {"project": "none", "location": "us-central1"}
        client = genai.Client(vertexai=True, credentials=credentials, **place, **options)
    else:
        client = genai.Client(api_key="none", **options)
    declaration = {"name": TOOL["name"], "description": "weather", "parameters_json_schema": TOOL_SCHEMA}

    async def interaction(step):
        request = {"model": MODELS["gemini"], "input": step["prompt"]}
        if step.get("withWebSearch"):
            request["tools"] = [{"type": "google_search"}, {"type": "url_context"}]
        if step.get("stream") is None:
            await client.aio.interactions.create(**request)
        else:
            await read_stream(await client.aio.interactions.create(**request, stream=True), step)

    async def run(step):
        if step["api"] == "interactions":
            return await interaction(step)
        request = {"model": MODELS["gemini"], "contents": step["prompt"]}
        if step.get("withTool"):
            request["config"] = {"tools": [{"function_declarations": [declaration]}]}
        if step.get("withWebSearch"):
            request["config"] = {"tools": [{"google_search": {}}, {"url_context": {}}]}
        if step.get("stream") is None:
            await client.aio.models.generate_content(**request)
            return
        stream = await client.aio.models.generate_content_stream(**request)
        async for _ in stream:
            if step.get("aborts"):
                await stream.aclose()
                break

    return run


def vertexai_step():
    import vertexai
    from google.auth.credentials import AnonymousCredentials
    from vertexai import generative_models

    vertexai.init(
        project="none",
        location="us-central1",
        api_endpoint=PROVIDER_URL,
        api_transport="rest",
        credentials=AnonymousCredentials(),
    )
    weather = generative_models.FunctionDeclaration(
        name=TOOL["name"], description="weather", parameters=TOOL_SCHEMA
    )

    def make(step):
        tools = [generative_models.Tool([weather])] if step.get("withTool") else None
        model = generative_models.GenerativeModel(MODELS["gemini"], tools=tools)
        if step.get("stream") is None:
            model.generate_content(step["prompt"])
            return
        for _ in model.generate_content(step["prompt"], stream=True):
            if step.get("aborts"):
                break

    async def run(step):
        await asyncio.to_thread(make, step)

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
