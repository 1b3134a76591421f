from __future__ import annotations

import codecs
import logging
import random
import re
import threading
import time
from typing import Any, Callable, Dict, Optional
from urllib.parse import quote

import requests
from urllib3 import HTTPResponse

from lensai._background import run_in_background, without_instrumentation
from lensai.guard.acknowledger import ProcessIdentity
from lensai.guard.control_client import ControlClient
from lensai.guard.policy import ControlPolicy, PolicyError, epoch_seconds, parse_policy
from lensai.guard.policy_problems import POLICY_BYTES_MAX, PolicyProblems, policy_document
from lensai.wire.sse import SseParser

POLL_SECONDS = 5.0
"""Between two questions where the collector does not push."""
_SILENCE_SECONDS = 45.0
"""Until a connection that says nothing is given up: collectors say something every 15 seconds."""
_RETRY_MIN_SECONDS = 1.0
_RETRY_MAX_SECONDS = 60.0
"""After a failure, doubling with every further one."""
_REFUSED_SECONDS = 300.0
"""After an answer that will not change by itself: no such address, no such key."""
_JITTER = 0.2
"""Waiting times differ by up to this share, so that a thousand processes do not come back at once."""

_AGE_COMMENT = re.compile(r"^: age (\d{1,10})$", re.MULTILINE | re.ASCII)
"""How a stream says for how many seconds the collector has not heard of the console."""
_REFUSALS = frozenset([401, 403, 404, 405])
_NO_STREAM = frozenset([406, 503])
"""The collector has no stream for us."""
_READ_BYTES = 64 * 1024
_CAN_STREAM = hasattr(HTTPResponse, "read1")
"""Older ones of urllib3 hold back what has come until there is more of it."""


class ControlSource:
    """The policy of the project, from a collector: pushed as it changes where the collector streams, and asked for with its
    ETag where it does not. It keeps no process alive. Whatever fails, the policy that came last holds.
    """

    def __init__(
        self,
        client: ControlClient,
        identity: ProcessIdentity,
        *,
        on_policy: Callable[[ControlPolicy], None],
        on_problem: Callable[[], None],
        is_asked_for: bool = True,
        poll_seconds: float = POLL_SECONDS,
        can_stream: bool = _CAN_STREAM,
    ) -> None:
        """`on_problem`: told of every failure. `is_asked_for`: somebody named the address; a collector of others has no
        policy, and that is no problem.
        """
        self._client = client
        self._identity = identity
        self._on_policy = on_policy
        self._on_problem = on_problem
        self._poll_seconds = poll_seconds
        self._problems = PolicyProblems(logging.WARNING if is_asked_for else logging.DEBUG)
        self._ended = threading.Event()
        self._response: Optional[requests.Response] = None
        self._etag: Optional[str] = None
        self._current: Optional[ControlPolicy] = None
        self._failures = 0
        self._streams_at = float("-inf") if can_stream else float("inf")
        self._heard_at: Optional[float] = None

    @property
    def silent_seconds(self) -> Optional[float]:
        """For how long the console has not said that the policy holds, as far as the collector knows; None: it never
        has.
        """
        return None if self._heard_at is None else time.monotonic() - self._heard_at

    def start(self) -> None:
        run_in_background("lensai-policy", self._run)

    def stop(self) -> None:
        self._ended.set()
        # Whoever reads is woken; where that cannot be done, by what the collector says next.
        raw = None if self._response is None else self._response.raw
        shut = getattr(raw, "shutdown", None)
        if callable(shut):
            try:
                shut()
            except Exception:
                # It has ended already.
                pass

    def _run(self) -> None:
        with without_instrumentation():
            session = self._client.make_session()
            while not self._ended.is_set():
                wait_seconds = self._asked(session)
                self._ended.wait(wait_seconds * (1 + _JITTER * (2 * random.random() - 1)))

    def _asked(self, session: requests.Session) -> float:
        """Asks once, and follows the stream to its end; answers with how long to wait before the next time."""
        wants_stream = time.monotonic() >= self._streams_at
        try:
            with self._client.get(session, self._headers(wants_stream), _SILENCE_SECONDS) as response:
                self._response = response
                return self._answered(response)
        except Exception as error:
            return self._failed(error)
        finally:
            self._response = None

    def _headers(self, wants_stream: bool) -> Dict[str, str]:
        return {
            "lensai-instance-id": self._identity.instance_id,
            "lensai-service-name": quote(self._identity.service_name, safe=""),
            "accept": "text/event-stream, application/json;q=0.9" if wants_stream else "application/json",
            **({"if-none-match": self._etag} if self._etag is not None and not wants_stream else {}),
        }

    def _answered(self, response: requests.Response) -> float:
        status = response.status_code
        if status == 200 and response.headers.get("content-type", "").startswith("text/event-stream"):
            self._read_stream(response.raw)
            return _RETRY_MIN_SECONDS
        if status == 200:
            # It could have streamed and did not.
            self._streams_at = max(self._streams_at, time.monotonic() + _REFUSED_SECONDS)
            if self._taken(self._body_of(response.raw)):
                self._etag = response.headers.get("etag")
                self._heard(response.headers.get("age"))
            return self._poll_seconds
        if status == 304:
            self._heard(response.headers.get("age"))
            return self._poll_seconds
        if status in _NO_STREAM:
            self._streams_at = max(self._streams_at, time.monotonic() + _REFUSED_SECONDS)
        problem = PolicyError(f"{self._client.url.split('?')[0][:200]} answers {status}")
        if status not in _REFUSALS:
            raise problem
        self._tell(problem)
        return _REFUSED_SECONDS

    def _read_stream(self, raw: Any) -> None:
        parser = SseParser(POLICY_BYTES_MAX)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while not self._ended.is_set():
            data: bytes = raw.read1(_READ_BYTES)
            if not data:
                return
            for event in parser.push(decoder.decode(data)):
                age = _AGE_COMMENT.search(event.raw)
                self._heard(None if age is None else age.group(1))
                if event.data:
                    self._taken(event.data.encode("utf-8", "surrogatepass"))

    def _body_of(self, raw: Any) -> bytes:
        body: bytes = raw.read(POLICY_BYTES_MAX + 1, True)
        if len(body) > POLICY_BYTES_MAX:
            raise PolicyError(f"the policy has more than {POLICY_BYTES_MAX} bytes")
        return body

    def _taken(self, body: bytes) -> bool:
        """False for what cannot be used."""
        try:
            policy = parse_policy(policy_document(body))
        except PolicyError as error:
            self._tell(error)
            return False
        if not self._is_older(policy):
            self._current = policy
            self._problems.clear()
            self._on_policy(policy)
        return True

    def _is_older(self, policy: ControlPolicy) -> bool:
        """Of several collectors, one may not have heard yet."""
        current = self._current
        if current is None or policy.version >= current.version:
            return False
        return epoch_seconds(policy.issued_at) <= epoch_seconds(current.issued_at)

    def _heard(self, age: Optional[str]) -> None:
        self._failures = 0
        seconds = int(age) if age is not None and age.isascii() and age.isdigit() else 0
        self._heard_at = time.monotonic() - seconds

    def _failed(self, error: BaseException) -> float:
        if self._ended.is_set():
            return 0.0
        self._tell(error)
        self._failures += 1
        return min(_RETRY_MIN_SECONDS * float(1 << min(self._failures - 1, 10)), _RETRY_MAX_SECONDS)

    def _tell(self, error: BaseException) -> None:
        self._problems.tell(error)
        self._on_problem()
