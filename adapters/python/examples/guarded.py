"""A call that a budget allows and one that it stops, without a provider and without a collector.

    pip install lensai httpx && python guarded.py
"""

import json
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx

import lensai

ANSWER = {
    "id": "chatcmpl-1",
    "model": "gpt-4o-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1000, "completion_tokens": 20, "total_tokens": 1020},
}

# 100,000 nano-USD are a hundredth of a cent.
POLICY = {
    "formatVersion": 1,
    "version": 1,
    "issuedAt": "2026-11-01T00:00:00Z",
    "budgets": [
        {
            "id": "support",
            "name": "support",
            "scope": {"team": "support"},
            "limitNanoUsd": "100000",
            "mode": "enforce",
            "failMode": "spend_lease_then_closed",
            "unknownPrice": "block",
            "clamp": False,
            "periodStartsAt": "2026-11-01T00:00:00Z",
            "resetsAt": "2026-12-01T00:00:00Z",
        }
    ],
    "killSwitches": [],
}


class Provider(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    server = HTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/v1/chat/completions"
    request = {"model": "gpt-4o-mini", "max_tokens": 20, "messages": [{"role": "user", "content": "Hello?"}]}
    with tempfile.TemporaryDirectory() as folder:
        policy = Path(folder) / "policy.json"
        policy.write_text(json.dumps(POLICY))
        instrumented = lensai.configure(service_name="example", policy_file=policy)
        with lensai.trace_llm("greet"), lensai.with_attribution(team="support"):
            print(httpx.post(url, json=request).json()["choices"][0]["message"]["content"])
            try:
                httpx.post(url, json=request)
            except lensai.BudgetExceededError as error:
                print(error)
        instrumented.shutdown()


if __name__ == "__main__":
    main()
