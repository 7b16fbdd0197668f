"""Each wrong client over a real port is found with exactly its rule; one that makes no mistake, with none."""

from __future__ import annotations

import pytest

from hil.grade.grader import RULES
from hil.grade.options import PROVOCATIONS
from tests.grade.raw_client import Graded, RawClient
from tests.grade.wrong_clients import MISTAKES, Mistake, makes_no_mistake


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.client.__name__)
def test_mistake_is_found_and_nothing_else(mistake: Mistake, graded: Graded) -> None:
    """A client that breaks one rule is blamed for that one alone."""
    graded.begin(*mistake.provoke)
    client = RawClient(graded.pump, 11)
    mistake.client(client)
    client.hang_up()

    assert graded.rules("broken") == {mistake.rule}


def test_client_without_mistake_keeps_every_rule(graded: Graded) -> None:
    """One that does everything right meets all rules, each of them exercised, whatever the pump provokes."""
    graded.begin(*PROVOCATIONS)
    client = RawClient(graded.pump, 12)
    makes_no_mistake(client)
    client.hang_up()

    assert graded.rules("broken") == set()
    assert graded.rules("met") == {rule.name for rule in RULES}


def test_every_rule_has_a_client_that_breaks_it() -> None:
    """No rule is there that nothing would break."""
    assert {mistake.rule for mistake in MISTAKES} == {rule.name for rule in RULES}
