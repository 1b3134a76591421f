from __future__ import annotations

import os
import secrets
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional

from lensai._never_throw import never_throw
from lensai.guard.acknowledger import Acknowledger, ProcessIdentity
from lensai.guard.control_client import ControlClient
from lensai.guard.control_source import ControlSource
from lensai.guard.first_policy import FirstPolicy
from lensai.guard.guard import Guard
from lensai.guard.lease_source import LeaseSource
from lensai.guard.local_leases import LocalLeases
from lensai.guard.policy import ControlPolicy
from lensai.guard.policy_file import PolicyFile
from lensai.guard.remote_leases import RemoteLeases

_INSTANCE_ID_BYTES = 12
"""Names one start of one process."""


@dataclass(frozen=True)
class GuardSettings:
    environment: Optional[str]
    """What scopes call so."""
    service_name: str
    """OTel's service.name."""
    policy_file: Optional[Path] = None
    """Then no collector is asked, and the process has its budgets for itself."""
    client: Optional[ControlClient] = None
    """None when there is no collector to ask."""
    is_asked_for: bool = True
    """Somebody named the collector's address for policies; else it is only where the spans go."""


class RunningGuard:
    """A guard that has its policy from a file, or else from the collector that the spans go to. A process that is forked
    off has a guard of its own: with the policy of its parent, and with nothing of what that holds.
    """

    def __init__(self, settings: GuardSettings) -> None:
        """Raises OSError and PolicyError for a policy file that cannot be used."""
        self._settings = settings
        self._leases: Optional[RemoteLeases] = None
        self._first_policy: Optional[FirstPolicy] = None
        self._acknowledger: Optional[Acknowledger] = None
        self._source: Optional[ControlSource] = None
        self._file: Optional[PolicyFile] = None
        self._is_stopped = False
        self.guard = Guard(environment=settings.environment, silent_seconds=self._silent_seconds)
        if settings.policy_file is not None:
            PolicyFile(settings.policy_file, self.guard.apply).look()
        self._start(FirstPolicy() if settings.client is not None else None)
        _running.add(self)

    def wait(self, timeout_seconds: float) -> bool:
        """Until calls are decided about, or cannot be yet; False when that takes longer."""
        return self._first_policy is None or self._first_policy.wait(timeout_seconds)

    def give_back(self) -> None:
        """The ledger knows what was spent and has the rest back, or cannot be told. Raises nothing."""
        if self._leases is not None:
            never_throw("giving leases back", self._leases.give_back)

    def stop(self) -> None:
        """The same; the policy that came last goes on to hold. Raises nothing."""
        self._is_stopped = True
        _running.discard(self)
        for part in (self._file, self._source, self._acknowledger):
            if part is not None:
                never_throw("ending the guard", part.stop)
        self.give_back()

    def start_in_child(self) -> None:
        """In a process that was just forked off: threads, locks and connections stayed behind in the parent."""
        if not self._is_stopped:
            has_policy = self.guard.policy is not None or self._settings.client is None
            self._start(None if has_policy else FirstPolicy())

    def _start(self, first_policy: Optional[FirstPolicy]) -> None:
        lock = threading.Lock()
        instance_id = secrets.token_urlsafe(_INSTANCE_ID_BYTES)
        self._first_policy = first_policy
        self._leases = self._remote_leases(instance_id, lock)
        leases: LeaseSource = self._leases or LocalLeases()
        self.guard.begin(leases, first_policy, lock)
        settings = self._settings
        if settings.policy_file is not None:
            self._file = PolicyFile(settings.policy_file, self.guard.apply)
            self._file.start()
        elif settings.client is not None:
            identity = ProcessIdentity(instance_id, settings.service_name)
            self._acknowledger = Acknowledger(settings.client, identity)
            self._source = ControlSource(
                settings.client,
                identity,
                on_policy=self._take,
                on_problem=self._end_waiting,
                is_asked_for=settings.is_asked_for,
            )
            self._source.start()

    def _silent_seconds(self) -> Optional[float]:
        return None if self._source is None else self._source.silent_seconds

    def _end_waiting(self) -> None:
        if self._first_policy is not None:
            self._first_policy.end()

    def _take(self, policy: ControlPolicy) -> None:
        self.guard.apply(policy)
        if self._acknowledger is not None:
            self._acknowledger.holds(policy.version)
        # With what is lent for its budgets: a call would have to wait for that as well.
        if self._leases is None:
            self._end_waiting()
        else:
            self._leases.when_answered(self._end_waiting)

    def _remote_leases(self, instance_id: str, lock: threading.Lock) -> Optional[RemoteLeases]:
        """None where each process has its budgets for itself."""
        client = self._settings.client
        url = None if client is None else client.leases_url
        if client is None or url is None:
            return None
        return RemoteLeases(
            instance_id=instance_id,
            exchange=client.exchange_of_leases(url),
            lock=lock,
            now=self.guard.now,
            on_ledger_time=self.guard.hear_time,
        )


_running: weakref.WeakSet[RunningGuard] = weakref.WeakSet()
_forking: List[RunningGuard] = []


def _before_fork() -> None:
    """No thread may be in the middle of something that the child would have half of."""
    _forking[:] = list(_running)
    for running in _forking:
        running.guard.lock.acquire()


def _in_parent() -> None:
    for running in _forking:
        running.guard.lock.release()


def _in_child() -> None:
    _in_parent()
    for running in _forking:
        never_throw("starting the guard of a forked process", running.start_in_child)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
