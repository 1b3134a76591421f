"""A crew of CrewAI with one agent and one task."""

import asyncio

from crewai import LLM, Agent, Crew, Task
from crewai.tools import tool
from scenario import MODELS, OPENAI_URL, get_weather


def make_step():
    weather = tool("get_weather")(get_weather)

    def call(step):
        model = LLM(
            model=f"openai/{MODELS['chat']}",
            base_url=OPENAI_URL,
            api_key="sk-none",
            stream=step.get("stream") is not None,
            max_retries=0,
        )
        agent = Agent(
            role="weather agent",
            goal="Be brief.",
            backstory="None.",
            llm=model,
            tools=[weather] if step.get("withTool") else [],
        )
        task = Task(description=step["prompt"], expected_output="words", agent=agent)
        Crew(agents=[agent], tasks=[task]).kickoff()

    async def run(step):
        await asyncio.to_thread(call, step)

    return run
