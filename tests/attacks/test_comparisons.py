"""Secrets are compared in a time that does not tell where they differ: read from the source, wherever it compares anything."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from protocol.mac import same
from tests.tidy.tree import Finding, Module, breaches, modules, snippet, told

SECRET_WORDS = {"digits", "key", "keys", "mac", "macs", "mask", "masked", "password", "proof", "proofs", "secret", "secrets", "wrapped"}
HARMLESS = {"key_id", "key_file", "key_bytes", "key_slots", "mac_bytes", "proof_bytes", "keys_changed", "key_set"}
"""Names with such a word that hold no secret."""


def bare_comparisons(module: Module) -> Iterator[Finding]:
    """`==`, `!=`, `in` and orderings where one side is named for a secret. `is None`, and a comparison of ids or roles, tell nothing."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Compare) and not all(
            isinstance(operator, ast.Is | ast.IsNot | ast.In | ast.NotIn) for operator in node.ops
        ):
            sides = [node.left, *node.comparators]
            if any(_names_a_secret(side) for side in sides):
                yield Finding(module.path, node.lineno, f"{ast.unparse(node)} compares a secret: use protocol.mac.same")


def _names_a_secret(side: ast.expr) -> bool:
    """Whether the outermost name of an expression is a secret's: `frame.mac`, `self.keys`, `proof_of(...)`, `key.secret[:4]`."""
    match side:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _secret(name)
        case ast.Subscript(value=value):
            return _names_a_secret(value)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return _secret(name.removesuffix("_of"))
        case _:
            return False


def _secret(name: str) -> bool:
    plain = name.strip("_").lower()
    return plain not in HARMLESS and bool(SECRET_WORDS & set(plain.split("_")))


def test_secrets_are_compared_by_one_function() -> None:
    """Nowhere in the wire's package does a bare operator compare a proof, a MAC, a mask or a key."""
    ends = (module for module in modules("protocol") if not module.path.startswith("protocol/fuzz/"))  # that judges pumps, and guards none

    findings = breaches(bare_comparisons, ends)

    assert not findings, told(findings)


def test_comparing_is_the_librarys(monkeypatch: pytest.MonkeyPatch) -> None:
    """What compares in a time that does not tell where two differ is not ours."""
    asked: list[tuple[bytes, bytes]] = []

    def listening(one: bytes, other: bytes) -> bool:
        asked.append((one, other))
        return True

    monkeypatch.setattr("protocol.mac.hmac.compare_digest", listening)

    assert same(b"one", b"other")
    assert asked == [(b"one", b"other")]


@pytest.mark.parametrize(
    "text",
    [
        "x = frame.mac == expected",
        "x = proof != other",
        "x = key.secret < y",
        "x = a == proof_of(k, t)",
        "x = self._keys.host_mac(d) == m",
        "x = m[:8] == mac[:8]",
    ],
)
def test_rule_of_comparisons_can_fail(text: str) -> None:
    """A bare comparison is found whichever side the secret is on."""
    assert list(bare_comparisons(snippet(text)))


@pytest.mark.parametrize(
    "text", ["x = key is None", "x = key_id == 3", "x = key.role == role", "x = same(mac, other)", "x = len(mac) == 8"]
)
def test_rule_of_comparisons_lets_ids_pass(text: str) -> None:
    """Ids, roles, lengths and absence are no secrets."""
    assert not list(bare_comparisons(snippet(text)))
