"""Makes the calls of a scenario with Python packages, under whichever instrumentation is installed."""

import asyncio
import time

from scenario import DATA, SCENARIO
from steps import step_of
from telemetry import start_telemetry

PAUSE_S = 0.06


async def attempt(name, step, run):
    expected = step.get("fails") or step.get("aborts")
    try:
        await run(step)
    except Exception as error:
        if not expected:
            print(f"    step {name}: {type(error).__name__}: {str(error)[:200]}", flush=True)
        return
    if step.get("fails"):
        print(f"    step {name}: no error reached the application", flush=True)


async def main():
    run = step_of(SCENARIO)
    for name in DATA["scenarios"][SCENARIO]:
        step = DATA["steps"][name]
        await asyncio.gather(*(attempt(name, step, run) for _ in range(step.get("times", 1))))
        time.sleep(PAUSE_S)


providers = start_telemetry()
asyncio.run(main())
for provider in providers:
    if hasattr(provider, "force_flush"):
        provider.force_flush()
    else:
        provider.flush()
    provider.shutdown()
