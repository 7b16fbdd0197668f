"""Strangers at the side door: refused in JSON with the right status, and the pump as it was."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from hil.web.app import BODY_BYTES_MAX
from tests.rig.web import Web, web

MALFORMED = 1_000
ADVANCE = b'{"hours": 1}'
NOW = b"GET /verbs HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nAuthorization: Bearer TOKEN\r\nContent-Length: 0\r\n\r\n"
POST = b"POST /verbs/advance HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nAuthorization: Bearer TOKEN\r\nContent-Type: application/json\r\n"
GOOD_POST = POST + b"Content-Length: 9\r\n\r\n" + b'{"us": 1}'
UPGRADE = b"GET /events HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nAuthorization: Bearer TOKEN\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """One server for all: no test here may change its pump."""
    with web(tmp_path_factory.mktemp("guard")) as found:
        yield found


@pytest.fixture
def unchanged(served: Web) -> Iterator[Web]:
    """The server; its pump's digest and time must be the same afterwards."""
    before = served.behind.digest(), served.behind.now_us()
    yield served
    assert (served.behind.digest(), served.behind.now_us()) == before


HEADERS: dict[str, tuple[int, dict[str, str | None]]] = {
    "no token": (401, {"Authorization": None}),
    "wrong token": (401, {"Authorization": "Bearer wrong"}),
    "token of another kind": (401, {"Authorization": "Basic TOKEN"}),
    "empty token": (401, {"Authorization": "Bearer "}),
    "foreign host": (403, {"Host": "example.org"}),
    "rebound host": (403, {"Host": "example.org:PORT"}),
    "host of another port": (403, {"Host": "127.0.0.1:1"}),
    "foreign origin": (403, {"Origin": "http://example.org"}),
    "no origin": (403, {"Origin": "null"}),
    "origin of another port": (403, {"Origin": "http://127.0.0.1:1"}),
    "secure origin": (403, {"Origin": "https://127.0.0.1:PORT"}),
    "text": (415, {"Content_Type": "text/plain"}),
    "no type": (415, {"Content_Type": None}),
    "a form": (415, {"Content_Type": "application/x-www-form-urlencoded"}),
    "another charset": (415, {"Content_Type": "application/json; charset=utf-16"}),
    "oversized": (413, {"Content_Length": str(BODY_BYTES_MAX + 1)}),
    "oversized beyond numbers": (413, {"Content_Length": "9" * 19}),
}


@pytest.mark.parametrize("name", HEADERS)
def test_stranger_is_refused(unchanged: Web, name: str) -> None:
    """One wrong header is enough."""
    status, changes = HEADERS[name]
    port = str(unchanged.address.port)
    filled = {key: value and value.replace("PORT", port).replace("TOKEN", unchanged.address.token) for key, value in changes.items()}
    answer = unchanged.ask("POST", "/verbs/advance", ADVANCE, unchanged.headers(**filled))

    assert (answer.status, answer.refused) == (status, True), answer


@pytest.mark.parametrize("path", ["/openapi.json", "/verbs", "/ready", "/pumps", "/events", "/pumps/pump1/verbs", "/nothing", "/"])
@pytest.mark.parametrize("changes, status", [({"Authorization": None}, 401), ({"Host": "x"}, 403), ({"Origin": "http://x"}, 403)], ids=str)
def test_every_address_is_guarded(unchanged: Web, path: str, changes: dict[str, str | None], status: int) -> None:
    """Looks are no more open than acts, and what is not there is not told either."""
    answer = unchanged.ask("GET", path, None, unchanged.headers(**changes))

    assert (answer.status, answer.refused) == (status, True)


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/verbs/advance", 405),
        ("DELETE", "/verbs", 405),
        ("OPTIONS", "/verbs/advance", 405),
        ("POST", "/ready", 405),
        ("GET", "/", 404),
        ("POST", "/verbs/", 404),
        ("POST", "/verbs/advance/", 404),
        ("POST", "/verbs/nonsense", 404),
        ("POST", "/pumps/none/verbs/advance", 404),
        ("GET", "/events", 400),
    ],
)
def test_wrong_address_or_method_is_refused(unchanged: Web, method: str, path: str, status: int) -> None:
    """With a good token too."""
    answer = unchanged.ask(method, path, ADVANCE if method == "POST" else None, unchanged.headers())

    assert (answer.status, answer.refused) == (status, True)


BODIES: dict[str, tuple[int, bytes]] = {
    "nothing": (400, b""),
    "no JSON": (400, b"hours=1"),
    "half of it": (400, b'{"hours": '),
    "no UTF-8": (400, b'{"hours": "\xff"}'),
    "a deep nest": (400, b"[" * 100_000),
    "a number past all limits": (400, b'{"hours": ' + b"9" * 5_000 + b"}"),
    "a list": (422, b"[1]"),
    "null": (422, b"null"),
    "text for a number": (422, b'{"hours": "1"}'),
    "a fraction": (422, b'{"hours": 0.5}'),
    "no number": (422, b'{"hours": NaN}'),
    "true": (422, b'{"hours": true}'),
    "beyond the limit": (422, b'{"hours": 99999999999999999999}'),
    "below": (422, b'{"hours": -1}'),
    "unknown": (422, b'{"weeks": 1}'),
    "half a character": (422, b'{"\\ud800": 1}'),
    "none at all": (422, b"{}"),
    "megabytes": (422, b'{"hours": "' + b"x" * 2_000_000 + b'"}'),
}


@pytest.mark.parametrize("name", BODIES)
def test_bad_body_is_refused(unchanged: Web, name: str) -> None:
    """What is no object of good arguments does nothing, and the answer stays short."""
    status, body = BODIES[name]
    answer = unchanged.ask("POST", "/verbs/advance", body)

    assert (answer.status, answer.refused) == (status, True)
    assert len(json.dumps(answer.content)) < 2_000


def test_oversized_body_without_a_length_is_refused(unchanged: Web) -> None:
    """A body in chunks is counted as it comes."""
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    data = _filled(unchanged, head) + chunk * (BODY_BYTES_MAX // 0x100000 + 1) + b"0\r\n\r\n"

    assert unchanged.raw(data).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "query, headers, status",
    [
        ("", {}, 401),
        ("token=wrong", {}, 401),
        ("token=TOKEN&token=TOKEN", {}, 401),
        ("token=TOKEN", {"Origin": "http://example.org"}, 403),
        ("token=TOKEN&since=-1", {}, 422),
        ("token=TOKEN&since=1e3", {}, 422),
        ("token=TOKEN&wire=perhaps", {}, 422),
        ("token=TOKEN&sinse=1", {}, 422),
    ],
)
def test_listener_that_may_not_is_refused(unchanged: Web, query: str, headers: dict[str, str], status: int) -> None:
    """A page of another site, or one without the token, gets no WebSocket."""
    url = f"ws://{unchanged.address.authority}/events?{query.replace('TOKEN', unchanged.address.token)}"
    with pytest.raises(InvalidStatus) as caught:
        connect(url, additional_headers=headers, proxy=None)

    assert caught.value.response.status_code == status
    assert json.loads(caught.value.response.body or b"").keys() == {"error"}


def test_token_is_told_in_the_ready_line_only(unchanged: Web) -> None:
    """The address that tells what the server is keeps the token to itself."""
    answer = unchanged.ask("GET", "/ready")

    assert answer.content == {name: value for name, value in unchanged.ready.items() if name != "token"}


def test_thousand_malformed_requests_change_nothing(unchanged: Web, seed: int) -> None:
    """Cut, flipped, doubled and random bytes: every answer is a refusal or a look, and the server serves on."""
    draw = random.Random(seed)
    answered = 0
    for _ in range(MALFORMED):
        good = _filled(unchanged, draw.choice([NOW, POST + b"Content-Length: 12\r\n\r\n[1, 2, 3, 4]", UPGRADE + b"\r\n", GOOD_POST]))
        reply = unchanged.raw(_harmed(good, draw))
        answered += bool(reply)
        assert not reply or reply.startswith((b"HTTP/1.1 4", b"HTTP/1.1 200 OK\r\ncache-control")), reply[:200]
        assert b'"now_us"' not in reply, reply

    assert answered > MALFORMED // 2
    assert unchanged.ask("GET", "/ready").status == 200


def _filled(served: Web, request: bytes) -> bytes:
    return request.replace(b"PORT", str(served.address.port).encode()).replace(b"TOKEN", served.address.token.encode())


def _harmed(good: bytes, draw: random.Random) -> bytes:
    """Bytes that differ from a good request; those of an act are harmed where it hurts, before its body."""
    head = good.index(b"\r\n\r\n") + 2
    match draw.randrange(6):
        case 0:
            return good[: draw.randrange(head)]
        case 1:
            place = draw.randrange(head)
            return good[:place] + bytes([good[place] ^ (1 << draw.randrange(8))]) + (b"" if b'"us"' in good else good[place + 1 :])
        case 2:
            place = draw.randrange(head)
            return good[:place] + draw.randbytes(draw.randrange(1, 40)) + good[head:].replace(b'{"us": 1}', b'{"us": -1}')
        case 3:
            return draw.randbytes(draw.randrange(1, 600))
        case 4:
            return good[:head] + b"X: " + b"y" * draw.choice([10, 70_000]) + b"\n"
        case _:
            return good.replace(b"HTTP/1.1", draw.choice([b"HTTP/0.9", b"HTTP/9", b"", b"HTTP/1.0\r\nHost: x"])).replace(
                b'{"us": 1}', b"{]"
            )
