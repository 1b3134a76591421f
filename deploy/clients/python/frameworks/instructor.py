"""Instructor: answers in a form, by tool calls of OpenAI."""

import instructor
from openai import AsyncOpenAI
from pydantic import BaseModel
from scenario import MODELS, OPENAI_URL


class Weather(BaseModel):
    city: str


def make_step():
    client = instructor.from_openai(
        AsyncOpenAI(api_key="sk-none", base_url=OPENAI_URL, max_retries=0),
        mode=instructor.Mode.TOOLS,
    )

    async def run(step):
        # The tool of the fake provider's answers has the name of its own; instructor takes any.
        await client.chat.completions.create(
            model=MODELS["chat"],
            response_model=Weather,
            max_retries=1,
            messages=[{"role": "user", "content": step["prompt"]}],
        )

    return run
