"""Requests made up from the API's description of itself: none breaks it, or surprises a client.

API_CASES says how many, half of them as a tenant and half as staff; see CONTRIBUTING.md.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode, openapi
from schemathesis.core.result import Ok

from apps.console.api.throttle import COUNTER
from tests.factories import staff_client
from tests.security.routes import API, ROUTES, STAFF, Row
from tests.security.world import Ids, Party

CASES = int(os.environ.get("API_CASES", "1000"))
ENOUGH_GOOD = 0.4
ROWS = {(row.method, "/" + API + re.sub(r"<\w+:(\w+)>", r"{\1}", row.path)): row for row in ROUTES}
SETTINGS = settings(
    max_examples=CASES // 2,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Tally:
    """How often each status was answered, and a request for each answer nobody expects."""

    statuses: Counter[int] = field(default_factory=Counter)
    surprises: dict[tuple[str, int], str] = field(default_factory=dict)

    def add(self, case: Case, status: int) -> None:
        self.statuses[status] += 1
        documented = {code for code in case.operation.responses.status_codes if code != "default"}
        if str(status) not in documented or (status >= 500 and not unready(case, status)):
            self.surprises[case.operation.label, status] = case.as_curl_command()

    @property
    def good(self) -> float:
        """The share of 2xx."""
        return sum(n for status, n in self.statuses.items() if status < 300) / self.statuses.total()


def unready(case: Case, status: int) -> bool:
    """No worker and no beat runs in this test, no worker serves a made-up model, and that is what
    these paths are there to say.
    """
    meant = {("GET", "/readyz"), ("POST", "/realtime/sessions")}
    return status == 503 and (case.method, case.path.removeprefix("/api/console")) in meant


def operations(client: Client) -> list[APIOperation]:
    described = client.get("/api/schema", headers={"Accept": "application/json"}).json()
    found = []
    for result in openapi.from_dict(described).get_all_operations():
        assert isinstance(result, Ok), result
        found.append(result.ok())
    return found


@st.composite
def cases(draw: st.DrawFn, known: list[APIOperation], party: Party) -> Case:
    """A request; mostly about objects that are there, and often with a body that is known good."""
    operation: APIOperation = draw(st.sampled_from(known))
    mode = draw(st.sampled_from(modes(operation)))
    case: Case = draw(operation.as_strategy(mode))
    names = set(re.findall(r"{(\w+)}", operation.path))
    there: list[Ids] = [ids for ids in party.ids.values() if names and names <= ids.keys()]
    # Hypothesis likes what is simple, 0 and False, so these have to stand for what is usual.
    unusual: int = draw(st.integers(0, 19))
    if there and unusual < 19:
        case.path_parameters = dict(draw(st.sampled_from(there)))
    row = row_of(operation)
    if row and row.data is not None and not draw(st.booleans()):
        case.body = row.data
        case.query = dict(pair.split("=") for pair in row.query.split("&") if pair)
    for name in draw(st.sets(st.sampled_from(sorted(case.query)))) if case.query else ():
        del case.query[name]
    if "wait" in (case.query or {}):
        case.query["wait"] = 0
    return case


def row_of(operation: APIOperation) -> Row | None:
    return ROWS.get((operation.method.upper(), operation.path))


def weighed(known: list[APIOperation]) -> list[APIOperation]:
    """What a tenant asks: seldom for what only staff may, as there is but one answer."""
    refused = [each for each in known if (row := row_of(each)) and row.needs == STAFF]
    return [each for each in known if each not in refused] * 6 + refused


def modes(operation: APIOperation) -> list[GenerationMode]:
    """Requests by the description, and some against it where there is something to break."""
    if any(True for _ in operation.iter_parameters()) or operation.body:
        return [GenerationMode.POSITIVE] * 4 + [GenerationMode.NEGATIVE]
    return [GenerationMode.POSITIVE]


def sent(client: Client, case: Case) -> int:
    """The status it is answered with. What it changed is undone: each begins with the same rows."""
    kept = case.as_transport_kwargs(base_url="http://testserver")
    kept["headers"].pop("Authorization", None)
    kept.pop("cookies", None)
    request = requests.Request(**kept).prepare()
    headers: dict[str, Any] = dict(request.headers)
    content_type = headers.pop("Content-Type", "")
    body: Any = request.body or b""
    COUNTER.reset()
    with transaction.atomic():
        answer: Any = client.generic(
            case.method, request.path_url, body, content_type, headers=headers
        )
        transaction.set_rollback(True)
    for close in answer._resource_closers:
        close()
    status: int = answer.status_code
    return status


def answers(client: Client, known: list[APIOperation], party: Party, **query: str) -> Tally:
    """Send all cases, each with this in its query too."""
    client.raise_request_exception = False
    tally = Tally()

    @SETTINGS
    @given(cases(known, party))
    def send(case: Case) -> None:
        case.query = {**(case.query or {}), **query}
        tally.add(case, sent(client, case))

    send()
    return tally


@pytest.mark.timeout(max(300, CASES))
@pytest.mark.parametrize("kind", ["tenant", "staff"])
def test_no_request_breaks_the_api_or_is_answered_as_is_not_described(
    kind: str, acme: Party
) -> None:
    if kind == "tenant":
        tally = answers(acme.client, weighed(operations(acme.client)), acme)
    else:
        staff = staff_client()
        tally = answers(staff, operations(staff), acme, tenant=acme.tenant.slug)
    assert tally.surprises == {}
    assert tally.good >= ENOUGH_GOOD, tally.statuses
