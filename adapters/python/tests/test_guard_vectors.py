"""The guard decides as that of the JavaScript package does, step by step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Optional

import httpx
import pytest

from lensai._attribution import ATTRIBUTE_NAMES
from lensai.guard.budget_account import BudgetAccount
from lensai.guard.errors import CallStoppedError
from lensai.guard.guard import Guard, GuardedRequest
from lensai.guard.guarded_call import GuardedCall
from lensai.guard.lease_source import Lease, LeaseAnswer, LeaseSource
from lensai.guard.policy import parse_policy
from lensai.wire.call import recognise_call
from lensai.wire.facts import ResponseFacts

VECTORS = json.loads((Path(__file__).parent / "vectors" / "guard.json").read_text())


class ScriptedLeases(LeaseSource):
    """A ledger that answers when the script says so."""

    def __init__(self) -> None:
        self.open: List[BudgetAccount] = []
        self.asked: List[Any] = []

    def ask(self, account: BudgetAccount, need_nano: int, least_nano: int, waiting_nano: int) -> None:
        self.open.append(account)
        self._note(account, need_nano, least_nano, waiting_nano)

    def changed(self, account: BudgetAccount) -> None:
        self._note(account, "changed")

    def close(self, account: BudgetAccount) -> None:
        self._note(account, "closed")

    def take_asked(self) -> List[Any]:
        asked, self.asked = self.asked, []
        return asked

    def _note(self, account: BudgetAccount, *what: Any) -> None:
        self.asked.append([account.key.budget_id, account.key.value, *what])


class Player:
    """Plays a script; what comes out is in the words of the vectors."""

    def __init__(self, script: Any) -> None:
        self._now = script["steps"][0]["atMs"] / 1000
        self._silent: Optional[float] = None
        self._leases = ScriptedLeases()
        self._calls: List[Optional[GuardedCall]] = []
        self._guard = Guard(
            environment="prod",
            now=lambda: self._now,
            silent_seconds=lambda: self._silent,
            leases=None if script["isLocal"] else self._leases,
        )
        self._guard.apply(parse_policy(script["policy"]))

    def play(self, step: Any) -> Dict[str, Any]:
        self._now = step["atMs"] / 1000
        self._silent = step["silentMs"] / 1000 if "silentMs" in step else None
        found = getattr(self, f"_{step['kind']}")(step)
        return {**found, "asked": self._leases.take_asked()}

    def _policy(self, step: Any) -> Dict[str, Any]:
        self._guard.apply(parse_policy(step["policy"]))
        return {}

    def _answer(self, step: Any) -> Dict[str, Any]:
        if not self._leases.open:
            return {}
        account, added = self._leases.open.pop(0), step["addedNano"]
        retry_at = self._now + step["retryAfterMs"] / 1000
        if added is None:
            account.receive(LeaseAnswer(None, retry_at, self._now - step["silentForMs"] / 1000))
            return {}
        lease = Lease(
            id=f"lease:{account.key.budget_id}:{account.key.value or ''}",
            granted_nano=account.granted_nano + added,
            expires_at=self._now + step["ttlMs"] / 1000,
            low_water_nano=added / 2,
            tell_at_nano=account.gone_nano + added / 4,
            free_nano=step["freeNano"],
            lent_nano=step["lentNano"],
        )
        account.receive(LeaseAnswer(lease, retry_at))
        return {}

    def _call(self, step: Any) -> Dict[str, Any]:
        call = recognise_call("POST", step["url"], step["body"].encode())
        assert call is not None
        attribution = {ATTRIBUTE_NAMES[key]: value for key, value in step["attribution"].items()}
        request = GuardedRequest(
            is_body_changeable=step["isBodyChangeable"], is_cuttable=step["isCuttable"], can_wait=step["canWait"]
        )
        guarded = self._guard.decide(call, attribution, request)
        self._calls.append(guarded)
        if guarded is None:
            return {"attributes": None}
        return {
            "attributes": guarded.attributes,
            "refusal": refusal_of(guarded.error),
            "clamped": None if guarded.clamped_body is None else json.loads(guarded.clamped_body),
            "waits": guarded.answer is not None,
        }

    def _meter(self, step: Any) -> Dict[str, Any]:
        guarded = self._calls[step["call"]]
        return {"cutOff": None if guarded is None else refusal_of(guarded.meter(facts_of(step["facts"])))}

    def _end(self, step: Any) -> Dict[str, Any]:
        guarded = self._calls[step["call"]]
        if guarded is None:
            return {"attributes": None}
        if step["how"] == "answered":
            guarded.completed(facts_of(step["facts"]))
        elif step["how"] == "refused":
            guarded.refused()
        else:
            guarded.failed(httpx.ConnectError("") if step["how"] == "unsent" else httpx.ReadError(""))
        return {"attributes": guarded.attributes}


def refusal_of(error: Optional[CallStoppedError]) -> Any:
    return None if error is None else {"code": error.code, "message": str(error)}


def facts_of(given: Any) -> ResponseFacts:
    facts = ResponseFacts(
        model=given["model"],
        finish_reasons_by_index={choice: "stop" for choice in range(given["finished"])},
        output_tokens_at_most=given["outputTokensAtMost"],
        problem=given["problem"],
    )
    facts.usage.input_convention = facts.usage.output_convention = "inclusive"
    if given["output"] is not None:
        facts.has_usage = True
        facts.usage.counts.update(input=given["input"], output=given["output"])
    return facts


@pytest.mark.parametrize("script", VECTORS["scripts"], ids=lambda script: script["name"])
def test_decides_as_the_javascript_package_does(script: Any) -> None:
    player = Player(script)
    for index, (step, expected) in enumerate(zip(script["steps"], script["expected"])):
        assert (index, player.play(step)) == (index, expected)
