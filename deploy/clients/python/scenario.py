"""What every client is asked to do, from shared/steps.json, and where the fake provider is."""

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

SCENARIO = sys.argv[1]
# Whose models the frameworks ask that can ask several.
PROVIDER = next((name for name in ("anthropic", "gemini") if SCENARIO.startswith(name)), "openai")
PROVIDER_URL = os.environ["PROVIDER_URL"]
OPENAI_URL = f"{PROVIDER_URL}/v1"
DATA = json.loads((Path(__file__).parent.parent / "shared" / "steps.json").read_text())
MODELS = DATA["models"]
TOOL = DATA["tool"]
TOOL_SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
OPENAI_TOOLS = [{"type": "function", "function": {"name": TOOL["name"], "parameters": TOOL_SCHEMA}}]


def get_weather(city: str) -> str:
    """The weather in a city.

    Args:
        city: its name
    """
    return TOOL["result"]


async def read_stream(stream, step):
    async for _ in stream:
        if step.get("aborts"):
            await stream.close()
            break


def has(module):
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
