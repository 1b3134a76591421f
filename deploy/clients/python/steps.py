"""Who makes the calls of a scenario: the SDK of a provider, or what is installed on top of it."""

from importlib import import_module

from provider_steps import PROVIDERS
from scenario import has
from sdk_steps import anthropic_step, bedrock_step, gemini_step, openai_step, vertexai_step

# By package, those that build on others of the list first; each has a module in `frameworks`.
FRAMEWORKS = {
    "google.adk": "google_adk",
    "ag2": "ag2",
    "beeai_framework": "beeai",
    "langgraph": "langgraph",
    "autogen_agentchat": "autogen",
    "portkey_ai": "portkey",
    "instructor": "instructor",
    "crewai": "crewai",
    "dspy": "dspy",
    "agents": "agents",
    "strands": "strands",
    "llama_index": "llama_index",
    "agno": "agno",
    "smolagents": "smolagents",
    "haystack": "haystack",
    "semantic_kernel": "semantic_kernel",
    "agent_framework": "agent_framework",
    "pydantic_ai": "pydantic_ai",
    # Comes with its gateway only.
    "litellm_proxy_extras": "litellm_proxy",
    "litellm": "litellm",
    "langchain_openai": "langchain",
}


def step_of(scenario):
    framework = next((name for package, name in FRAMEWORKS.items() if has(package)), None)
    if framework is not None and "agent" in scenario:
        return import_module(f"frameworks.{framework}").make_step()
    if scenario.startswith("anthropic"):
        return anthropic_step()
    if scenario.startswith("vertexai"):
        return vertexai_step()
    if scenario.startswith("google-vertex"):
        return gemini_step(on_vertex=True)
    if scenario.startswith("bedrock"):
        return bedrock_step(scenario)
    provider = scenario.split("-")[0]
    if provider in PROVIDERS:
        return PROVIDERS[provider]()
    if scenario.startswith("openai"):
        return openai_step()
    if framework is not None:
        return import_module(f"frameworks.{framework}").make_step()
    return gemini_step() if scenario.startswith("gemini") else openai_step()
