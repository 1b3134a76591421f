"""LiteLLM as a gateway with its own callback, before an application with OpenAI's SDK."""

import atexit
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from scenario import MODELS, OPENAI_URL
from sdk_steps import openai_step

START_TIMEOUT_S = 60
POLL_S = 0.2
# Its exporter sends on its own clock.
FLUSH_S = 7

CONFIG = f"""
model_list:
  - model_name: {MODELS["chat"]}
    litellm_params:
      model: openai/{MODELS["chat"]}
      api_base: {OPENAI_URL}
      api_key: sk-none
litellm_settings:
  callbacks: ["otel"]
  num_retries: 0
"""


def make_step():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = Path(tempfile.mkdtemp()) / "config.yaml"
    config.write_text(CONFIG)
    endpoint = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"]
    gateway = subprocess.Popen(
        [str(Path(sys.executable).parent / "litellm"), "--config", str(config)]
        + ["--host", "127.0.0.1", "--port", str(port)],
        env={
            **os.environ,
            "OTEL_EXPORTER": "otlp_http",
            "OTEL_ENDPOINT": endpoint,
            "OTEL_SERVICE_NAME": "client-gateway",
            "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    atexit.register(stop, gateway)
    wait_for(f"http://127.0.0.1:{port}/health/liveliness")
    return openai_step(f"http://127.0.0.1:{port}/v1")


def wait_for(url):
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url)
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(POLL_S)
    raise TimeoutError(f"the gateway did not start within {START_TIMEOUT_S} s")


def stop(gateway):
    time.sleep(FLUSH_S)
    gateway.terminate()
    gateway.wait()
