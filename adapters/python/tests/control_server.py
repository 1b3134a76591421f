"""A collector as the guard sees one: it serves a policy, pushed or asked for, lends from a ledger, and takes receipts."""

from __future__ import annotations

import json
import queue
import threading
from typing import Any, Callable, Dict, Iterator, List

from http_server import HttpServer, Received, Reply
from policies import policy

KEY = "abc"


class ControlServer:
    def __init__(self, document: Any = None, *, streams: bool = True, free_nano: int = 10**9) -> None:
        self.document: Any = policy() if document is None else document
        self.streams = streams
        self.free_nano = free_nano
        self.keep_nano = 10**18
        self.ttl_ms = 30_000
        self.retry_ms = 1_000
        """Of who asks in vain."""
        self.is_broken = False
        self.is_ledger_gone = False
        self.asked: List[Received] = []
        self.acknowledged: List[Any] = []
        self.lease_requests: List[Any] = []
        self.granted: Dict[str, int] = {}
        self._readers: List[queue.Queue[str]] = []
        self._lock = threading.Lock()
        self.server = HttpServer(self._answer)

    @property
    def url(self) -> str:
        return f"{self.server.url}/v1/control"

    def __enter__(self) -> ControlServer:
        self.server.__enter__()
        return self

    def __exit__(self, *more: Any) -> None:
        self.end_streams()
        self.server.__exit__(*more)

    def push(self, document: Any) -> None:
        self.document = document
        for reader in self._readers:
            reader.put(f"data: {json.dumps(document)}\n\n")

    def say(self, text: str) -> None:
        for reader in self._readers:
            reader.put(text)

    def end_streams(self) -> None:
        for reader in self._readers:
            reader.put("")
        self._readers = []

    def _answer(self, received: Received) -> Reply:
        if self.is_broken:
            return Reply(503)
        if received.headers.get("x-api-key") != KEY and "signature" not in received.headers:
            return Reply(401)
        answers: Dict[str, Callable[[Received], Reply]] = {
            "/v1/control": self._policy,
            "/v1/control/acknowledgements": self._acknowledge,
            "/v1/leases": self._lend,
        }
        return answers[received.path](received)

    def _policy(self, received: Received) -> Reply:
        self.asked.append(received)
        if self.streams and "text/event-stream" in received.headers["accept"]:
            return Reply(200, self._stream(), {"content-type": "text/event-stream"})
        etag = f'"{self.document["version"]}"'
        if received.headers.get("if-none-match") == etag:
            return Reply(304, b"", {"etag": etag})
        body = json.dumps(self.document).encode()
        return Reply(200, body, {"etag": etag, "content-type": "application/json"})

    def _stream(self) -> Iterator[bytes]:
        reader: queue.Queue[str] = queue.Queue()
        reader.put(f"retry: 2000\n\ndata: {json.dumps(self.document)}\n\n")
        self._readers.append(reader)
        while text := reader.get():
            yield text.encode()

    def _acknowledge(self, received: Received) -> Reply:
        self.acknowledged.append(json.loads(received.body))
        return Reply(204, b"")

    def _lend(self, received: Received) -> Reply:
        if self.is_ledger_gone:
            return Reply(503)
        request = json.loads(received.body)
        self.lease_requests.append(request)
        with self._lock:
            leases = [self._grant(report) for report in request["leases"]]
        return Reply(200, json.dumps({"leases": leases, "nowUnixMs": 1_795_521_600_000}).encode())

    def _grant(self, report: Any) -> Any:
        """All that is wanted, while there is something left."""
        used = int(report["spentNanoUsd"]) + int(report["reservedNanoUsd"])
        idle = int(report["grantedNanoUsd"]) - used
        if report["isFinal"]:
            self.free_nano += self.granted.pop(report["leaseId"], 0) - used
            idle = more = 0
        else:
            self.free_nano += self.granted.get(report["leaseId"], 0) - int(report["grantedNanoUsd"])
            wanted = max(int(report["needNanoUsd"]), int(report["wantNanoUsd"]))
            more = min(max(0, wanted - idle), self.free_nano)
            self.free_nano -= more
            self.granted[report["leaseId"]] = used + idle + more
        is_enough = idle + more >= int(report["needNanoUsd"])
        return {
            "leaseId": report["leaseId"],
            "state": "granted" if is_enough else "exhausted",
            "grantedNanoUsd": str(used + idle + more),
            "keepNanoUsd": str(min(self.keep_nano, idle + more)),
            "ttlMs": self.ttl_ms,
            "retryAfterMs": 0 if is_enough else self.retry_ms,
        }
