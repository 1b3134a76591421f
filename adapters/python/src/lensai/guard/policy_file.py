from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Callable, Optional, Tuple

from lensai._background import run_in_background
from lensai.guard.policy import ControlPolicy, PolicyError, parse_policy
from lensai.guard.policy_problems import POLICY_BYTES_MAX, PolicyProblems, policy_document

_LOOK_SECONDS = 1.0
"""How soon a change of the file reaches the calls. Asked by time, because editors replace files and mounts swap them."""


class PolicyFile:
    """A policy in a file, read again whenever it changes. A file that cannot be used is reported and changes nothing."""

    def __init__(self, path: "os.PathLike[str]", on_policy: Callable[[ControlPolicy], None]) -> None:
        self._path = Path(path)
        self._on_policy = on_policy
        self._problems = PolicyProblems()
        self._ended = threading.Event()
        self._seen: Optional[Tuple[int, int, int]] = None

    def look(self) -> None:
        """Reads the file if it has changed since it was looked at. Raises what is wrong with it, OSError and PolicyError."""
        state = self._path.stat()
        seen = (state.st_mtime_ns, state.st_size, state.st_ino)
        if seen == self._seen:
            return
        self._seen = seen
        if state.st_size > POLICY_BYTES_MAX:
            raise PolicyError(f"the policy has more than {POLICY_BYTES_MAX} bytes")
        self._on_policy(parse_policy(policy_document(self._path.read_bytes())))
        self._problems.clear()

    def start(self, look_seconds: float = _LOOK_SECONDS) -> None:
        """Looks again and again, in a thread."""
        run_in_background("lensai-policy", lambda: self._run(look_seconds))

    def stop(self) -> None:
        self._ended.set()

    def _run(self, look_seconds: float) -> None:
        while not self._ended.wait(look_seconds):
            try:
                self.look()
            except Exception as error:
                self._problems.tell(error)
