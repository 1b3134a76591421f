from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from typing import Optional

import requests

from lensai._background import run_in_background, without_instrumentation
from lensai.guard.control_client import ControlClient

_RETRY_MIN_SECONDS = 1.0
_RETRY_MAX_SECONDS = 60.0
"""After a failure, doubling with every further one."""
_HEAD_START_SECONDS = 0.06
_SPREAD_SECONDS = 0.14
"""Those that know must not hold up, at the collector, those that are yet to be told: they wait a little, and then
acknowledge over a time."""


@dataclass(frozen=True)
class ProcessIdentity:
    instance_id: str
    """Of one start of one process; random."""
    service_name: str
    """OTel's service.name."""


class Acknowledger:
    """Tells the collector which version of the policy holds in this process: the newest one only, until it has been
    taken. What it cannot tell does not matter to the calls. Its thread ends when all is told.
    """

    def __init__(
        self, client: ControlClient, identity: ProcessIdentity, retry_min_seconds: float = _RETRY_MIN_SECONDS
    ) -> None:
        self._client = client
        self._identity = identity
        self._retry_min_seconds = retry_min_seconds
        self._started = time.monotonic()
        self._changed = threading.Condition()
        self._version: Optional[int] = None
        self._held_since = 0.0
        self._is_telling = False
        self._is_stopped = False

    def holds(self, version: int) -> None:
        """The policy of this version holds from now on."""
        with self._changed:
            if self._is_stopped:
                return
            self._version = version
            self._held_since = time.monotonic()
            self._changed.notify_all()
            if not self._is_telling:
                run_in_background("lensai-acknowledgements", self._run)
                self._is_telling = True

    def stop(self) -> None:
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def _run(self) -> None:
        session = self._client.make_session()
        time.sleep(_HEAD_START_SECONDS + random.random() * _SPREAD_SECONDS)
        wait_seconds = self._retry_min_seconds
        while True:
            with self._changed:
                version = self._version
                if version is None or self._is_stopped:
                    self._is_telling = False
                    return
            is_told = self._is_told(session, version)
            with self._changed:
                if self._version != version:
                    # What came meanwhile is told at once.
                    wait_seconds = self._retry_min_seconds
                elif is_told:
                    self._version = None
                else:
                    self._changed.wait(wait_seconds)
                    wait_seconds = min(2 * wait_seconds, _RETRY_MAX_SECONDS)

    def _is_told(self, session: requests.Session, version: int) -> bool:
        """A refusal is not tried again, a failure later."""
        now = time.monotonic()
        acknowledgement = {
            "instanceId": self._identity.instance_id,
            "serviceName": self._identity.service_name,
            "version": version,
            "heldMs": round((now - self._held_since) * 1000),
            "runningMs": round((now - self._started) * 1000),
        }
        url = f"{self._client.url.rstrip('/')}/acknowledgements"
        try:
            with without_instrumentation(), self._client.post(session, url, acknowledgement) as response:
                return response.status_code < 500 and response.status_code != 429
        except Exception:
            return False
