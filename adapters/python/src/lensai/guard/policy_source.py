"""Where the policy comes from: a file, or a collector's `GET /v1/control`."""

from __future__ import annotations

import json
import logging
import os
import threading
import weakref
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple

import requests
from opentelemetry import context

from lensai._never_throw import report
from lensai.guard.guard import Guard
from lensai.guard.policy import PolicyError, parse_policy

_logger = logging.getLogger("lensai")

POLL_SECONDS = 5.0
"""How long a change of the policy takes to get here at most, beside the answer itself."""
_TIMEOUT_SECONDS = 3.0
_POLICY_BYTES_MAX = 16 * 1024 * 1024


class PolicySource(ABC):
    """Asks again and again, in a thread of its own. A policy that cannot be read leaves the last good one in force."""

    def __init__(self, guard: Guard, poll_seconds: float = POLL_SECONDS) -> None:
        self._guard = guard
        self._poll_seconds = poll_seconds
        self._ended = threading.Event()
        self._asked = threading.Event()
        self._problem = ""
        self._level = logging.WARNING

    @abstractmethod
    def refresh(self) -> None:
        """Asks once. Raises what went wrong."""

    def start(self) -> None:
        _running.add(self)
        threading.Thread(target=self._run, name="lensai-policy", daemon=True).start()

    def stop(self) -> None:
        _running.discard(self)
        self._ended.set()

    def wait(self, timeout_seconds: float) -> bool:
        """Until the first question was answered, or failed; False when it takes longer."""
        return self._asked.wait(timeout_seconds)

    def _run(self) -> None:
        # Instrumentation of HTTP clients makes no spans of this.
        context.attach(context.set_value("suppress_instrumentation", True))
        while not self._ended.is_set():
            self._refresh_quietly()
            self._ended.wait(self._poll_seconds)

    def _refresh_quietly(self) -> None:
        try:
            self.refresh()
            self._problem = ""
        except PolicyError as error:
            self._tell(f"the policy is not used: {error}")
        except Exception as error:
            self._tell(f"the policy could not be asked for ({type(error).__name__})")
        finally:
            self._asked.set()

    def _tell(self, problem: str) -> None:
        """Once per problem, not every five seconds."""
        if problem == self._problem:
            return
        self._problem = problem
        try:
            _logger.log(self._level, "lensai: %s; the last one stays in force", problem)
        except Exception as error:
            report("logging", error)


class FilePolicy(PolicySource):
    """A file is read again when it was written."""

    def __init__(self, guard: Guard, path: os.PathLike[str], poll_seconds: float = POLL_SECONDS) -> None:
        super().__init__(guard, poll_seconds)
        self._path = Path(path)
        self._seen: Optional[Tuple[int, int]] = None

    def refresh(self) -> None:
        state = self._path.stat()
        seen = (state.st_mtime_ns, state.st_size)
        if seen == self._seen:
            return
        self._guard.apply(parse_policy(_json_of(self._path.read_bytes())))
        self._seen = seen


class ControlPolicySource(PolicySource):
    """A collector is asked with the ETag of the policy in force: mostly it answers that nothing has changed."""

    def __init__(
        self,
        guard: Guard,
        url: str,
        headers: Mapping[str, str],
        *,
        session: Optional[requests.Session] = None,
        is_asked_for: bool = True,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        super().__init__(guard, poll_seconds)
        self._url = url
        # A collector of others has no policy, and that is no problem.
        self._level = logging.WARNING if is_asked_for else logging.DEBUG
        self._session = session or requests.Session()
        # A signature covers a content type, whatever there is of content.
        self._session.headers["content-type"] = "application/json"
        self._session.headers.update(headers)
        self._etag: Optional[str] = None

    def refresh(self) -> None:
        try:
            status, etag, body = self._ask()
        except Exception:
            self._guard.is_reachable = False
            raise
        if status == 200:
            self._guard.apply(parse_policy(_json_of(body)))
            self._etag = etag
        elif status != 304:
            self._guard.is_reachable = False
            raise PolicyError(f"{self._url.split('?')[0][:200]} answers {status}")
        self._guard.is_reachable = True

    def _ask(self) -> Tuple[int, Optional[str], bytes]:
        headers: Dict[str, str] = {} if self._etag is None else {"if-none-match": self._etag}
        with self._session.get(
            self._url, headers=headers, timeout=_TIMEOUT_SECONDS, stream=True, allow_redirects=False
        ) as response:
            body = b"" if response.status_code != 200 else response.raw.read(_POLICY_BYTES_MAX + 1, True)
            if len(body) > _POLICY_BYTES_MAX:
                raise PolicyError(f"the policy has more than {_POLICY_BYTES_MAX} bytes")
            return response.status_code, response.headers.get("etag"), body


_running: weakref.WeakSet[PolicySource] = weakref.WeakSet()


def _restart_after_fork() -> None:
    """Threads stay behind in the parent."""
    for source in list(_running):
        source.start()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_restart_after_fork)


def _json_of(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise PolicyError("the policy is not JSON") from None
