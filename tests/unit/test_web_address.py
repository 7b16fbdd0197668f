"""Where a bench is, what a user types for its arguments, and how results look."""

from __future__ import annotations

import pytest

from hil.cli.bench import parse_arguments
from hil.cli.bench_view import clock, result_lines
from hil.errors import UsageError
from hil.web.address import BenchAddress, address_in, listen_place

READY = {
    "bench": "http://127.0.0.1:80",
    "token": "abc",
    "pumps": [{"name": "a", "bench": "http://127.0.0.1:80/pumps/a"}, {"name": "b", "bench": "http://127.0.0.1:80/pumps/b"}],
}


def test_ready_line_leads_to_each_pump() -> None:
    """The first pump's bench has no path, a named one's has its name."""
    assert address_in(READY) == BenchAddress("127.0.0.1", 80, "abc")
    assert address_in(READY, "b") == BenchAddress("127.0.0.1", 80, "abc", "/pumps/b")
    assert address_in({"bench": "stdio"}) is None


@pytest.mark.parametrize(
    "place, found", [("http", ("127.0.0.1", 0)), ("http://localhost:81", ("127.0.0.1", 81)), ("http://[::1]:0", ("::1", 0))]
)
def test_places_to_listen(place: str, found: tuple[str, int]) -> None:
    """Loopback by any of its names."""
    assert listen_place(place) == found


@pytest.mark.parametrize(
    "place", ["http://0.0.0.0:1", "http://[::]:1", "http://127.0.0.1:99999", "http://127.0.0.1:1/x", "http://a@127.0.0.1:1", ""]
)
def test_other_places_are_refused(place: str) -> None:
    """Anything else is misuse."""
    with pytest.raises(UsageError):
        listen_place(place)


@pytest.mark.parametrize(
    "url, token", [("http://127.0.0.1", "t"), ("http://127.0.0.1:1", None), ("http://127.0.0.1:1", "a\r\nb"), ("x", "t")]
)
def test_bench_needs_url_port_and_token(url: str, token: str | None) -> None:
    """A line break in a token would be a header of its own."""
    with pytest.raises(UsageError):
        BenchAddress.of(url, token)


@pytest.mark.parametrize(
    "words, args",
    [
        ((), {}),
        (("hours=8", "days=1"), {"hours": 8, "days": 1}),
        (("fault=motor.stall",), {"fault": "motor.stall"}),
        (("fault=x", "params.a=1", "params.b=two"), {"fault": "x", "params": {"a": 1, "b": "two"}}),
        (("condition=reservoir<=2 mL", 'name="5"'), {"condition": "reservoir<=2 mL", "name": "5"}),
        (('{"hours": 8}',), {"hours": 8}),
        (("args=[1, 2]", "x=null", "y="), {"args": [1, 2], "x": None, "y": ""}),
    ],
)
def test_arguments_are_json_or_text(words: tuple[str, ...], args: dict[str, object]) -> None:
    """Names with values, dots one deeper, or one object."""
    assert parse_arguments(words) == args


@pytest.mark.parametrize("words", [("hours",), ("=8",), ("a=1", "a=2"), ("a=1", "a.b=2"), ("{",), ("a.b=1", "a=2")])
def test_arguments_that_are_none_are_misuse(words: tuple[str, ...]) -> None:
    """Said in one line."""
    with pytest.raises(UsageError):
        parse_arguments(words)


@pytest.mark.parametrize(
    "verb, word, says",
    [
        ("inject", "motor.stall", "fault=motor.stall"),
        ("advance", "10", "days=10"),
        ("clear", "3", "handle=3"),
        ("grade", "lost", "provoke=lost"),
        ("now", "3", "now takes none"),
        ("", "3", "hours=8"),
    ],
)
def test_lone_value_is_told_the_verbs_own_argument(verb: str, word: str, says: str) -> None:
    """The one that the verb cannot do without, or that is mostly given."""
    with pytest.raises(UsageError, match=f"{word!r} is no argument; .*{says}$"):
        parse_arguments((word,), verb)


def test_times_are_shown_as_days_too() -> None:
    """Microseconds say little to a person."""
    assert clock(3 * 86_400_000_000 + 8 * 3_600_000_000 + 1_500) == "3 d 08:00:00.001"
    assert result_lines({"now_us": 288_000_000_000, "powered": True}) == ["now_us   288,000,000,000  (3 d 08:00:00.000)", "powered  yes"]


def test_tables_and_nests_are_laid_out() -> None:
    """Columns become a table, lists of alike things too, long text is cut, and nothing at all is `done`."""
    shown = result_lines({"columns": {"a": [1, 2], "b": [30, 4]}, "list": [{"x": None}, {"y": [1]}], "deep": {"z": {"q": "w" * 200}}})

    assert shown[:4] == ["columns", "  a  b", "  1  30", "  2  4"]
    assert shown[4:8] == ["list", "  x  y", "  -  -", "  -  1"]
    assert shown[-1].endswith(" ...")
    assert result_lines({}) == ["done"]
