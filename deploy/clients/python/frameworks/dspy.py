"""Models of DSPy, which calls LiteLLM."""

import dspy
from scenario import MODELS, OPENAI_TOOLS, OPENAI_URL


def make_step():
    model = dspy.LM(
        f"openai/{MODELS['chat']}",
        api_key="sk-none",
        api_base=OPENAI_URL,
        cache=False,
        num_retries=0,
    )

    async def run(step):
        tools = {"tools": OPENAI_TOOLS} if step.get("withTool") else {}
        await model.acall(step["prompt"], **tools)

    return run
