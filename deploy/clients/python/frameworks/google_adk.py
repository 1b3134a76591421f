"""Agents of Google's Agent Development Kit."""

from google.adk.agents import LlmAgent
from google.adk.agents.run_config import RunConfig, StreamingMode
from google.adk.models import Gemini
from google.adk.runners import InMemoryRunner
from google.genai import types
from scenario import MODELS, PROVIDER_URL, get_weather


def make_step():
    async def run(step):
        agent = LlmAgent(
            name="weather_agent",
            model=Gemini(model=MODELS["gemini"], base_url=PROVIDER_URL),
            instruction="Be brief.",
            tools=[get_weather] if step.get("withTool") else [],
        )
        runner = InMemoryRunner(agent=agent, app_name="weather")
        session = await runner.session_service.create_session(app_name="weather", user_id="someone")
        is_stream = step.get("stream") is not None
        events = runner.run_async(
            user_id="someone",
            session_id=session.id,
            new_message=types.Content(role="user", parts=[types.Part(text=step["prompt"])]),
            run_config=RunConfig(
                streaming_mode=StreamingMode.SSE if is_stream else StreamingMode.NONE
            ),
        )
        async for _ in events:
            if step.get("aborts"):
                await events.aclose()
                break

    return run
