"""Agents of LangGraph that ask a model of LangChain."""

from langchain.agents import create_agent
from langchain_openai import ChatOpenAI
from scenario import MODELS, OPENAI_URL, get_weather


def make_step():
    model = ChatOpenAI(
        model=MODELS["chat"],
        api_key="sk-none",
        base_url=OPENAI_URL,
        max_retries=0,
        stream_usage=True,
    )

    async def run(step):
        agent = create_agent(model, tools=[get_weather] if step.get("withTool") else [])
        asked = {"messages": [{"role": "user", "content": step["prompt"]}]}
        if step.get("stream") is None:
            await agent.ainvoke(asked)
            return
        stream = agent.astream(asked, stream_mode="messages")
        async for _ in stream:
            if step.get("aborts"):
                await stream.aclose()
                break

    return run
