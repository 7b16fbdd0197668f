"""Who may see and do what: links, cookies, names of the host, and every address of the table."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus

from hil.console.app import ADDRESSES, Address
from hil.console.sessions import ROLES
from tests.console.classroom import Console, Person, console

OWN = [each for each in ADDRESSES if each.own]
"""Addresses with a learner's key in them."""
FOREIGN = ("http://evil.example", "null", "https://127.0.0.1")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """One console for all of this file."""
    with console(tmp_path_factory.mktemp("access"), "--class", "20") as started:
        yield started


@pytest.fixture(scope="module")
def ana(served: Console) -> Person:
    """A learner."""
    return served.admitted("learner", "Ana")


@pytest.fixture(scope="module")
def trainer(served: Console) -> Person:
    """The instructor."""
    return served.admitted("instructor")


def filled(path: str, learner: str) -> str:
    """An address with a learner's key and number one in it."""
    return path.replace("{key}", learner).replace("{n:int}", "1")


def test_cookie_is_out_of_reach_of_scripts_and_other_sites(served: Console) -> None:
    """What a link's secret is exchanged for is HttpOnly and SameSite=Strict, and the answer itself holds no secret."""
    answer = served.post("/session", {"token": served.secret("observer")})

    attributes = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= attributes
    assert answer.headers["set-cookie"].split(";")[0].split("=")[1].encode() not in answer.body


@pytest.mark.parametrize("address", [each for each in ADDRESSES if "learner" not in each.roles], ids=lambda each: each.path)
def test_learner_is_refused_what_is_not_for_learners(served: Console, ana: Person, address: Address) -> None:
    """Each address that shows truth, or acts for the instructor, answers a learner's cookie with 403."""
    answer = served.ask(address.method, filled(address.path, ana.learner), Cookie=ana.cookie)

    assert answer.status == 403
    assert ana.learner not in answer.body.decode()


@pytest.mark.parametrize("address", OWN, ids=lambda each: each.path)
def test_learner_is_refused_what_is_another_learners(served: Console, ana: Person, address: Address) -> None:
    """Each address with a learner's key in it answers another learner's cookie with 403."""
    other = served.admitted("learner", f"Not Ana {OWN.index(address)}")

    assert other.get(filled(address.path, ana.learner)).status == 403


def test_table_of_addresses_names_all_truth() -> None:
    """Everything below /api/run is for the instructor alone."""
    open_to = {role for each in ADDRESSES if each.path.startswith("/api/run") for role in each.roles}

    assert open_to == {"instructor"}


def test_instructor_sees_truth(trainer: Person, ana: Person) -> None:
    """The same address tells the instructor what is so in each pump."""
    answer = trainer.get("/api/run/truth")

    assert answer.status == 200
    assert ana.learner in answer.content["cases"]


def test_instructor_who_is_a_learner_too_sees_the_debrief(served: Console, trainer: Person, ana: Person) -> None:
    """With both cookies in one browser an address with a learner's key is the instructor's; the learner's alone still has to wait."""
    path = f"/api/debrief/{ana.learner}"
    both = served.ask("GET", path, Cookie=f"{ana.cookie}; {trainer.cookie}")

    assert "verdict" in both.content
    assert "verdict" not in ana.get(path).content


@pytest.mark.parametrize("role", [role for role in ROLES if role != "learner"])
def test_learners_cookie_opens_no_other_roles_socket(ana: Person, role: str) -> None:
    """A WebSocket of another role is refused with 403."""
    with pytest.raises(InvalidStatus) as refused:
        ana.line(role)

    assert refused.value.response.status_code == 403


def test_stranger_is_led_to_the_join_page(served: Console) -> None:
    """Without a cookie a page leads to the join page, an address below /api and the WebSocket answer 401."""
    page, data = served.ask("GET", "/instructor"), served.ask("GET", "/api/run/truth")
    with pytest.raises(InvalidStatus) as refused:
        Person(served, "learner", "pumpsim=none", "").line()

    assert (page.status, page.headers["location"], data.status) == (303, "/", 401)
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize("origin", FOREIGN)
def test_foreign_origin_is_refused(served: Console, trainer: Person, origin: str) -> None:
    """A page of another site gets 403 over HTTP and WebSocket, even with a good cookie and a good secret."""
    got = served.ask("GET", "/api/run/truth", Cookie=trainer.cookie, Origin=origin)
    posted = served.post("/session", {"token": served.secret("instructor")}, Origin=origin)
    with pytest.raises(InvalidStatus) as refused:
        trainer.line(origin=origin)

    assert (got.status, posted.status, refused.value.response.status_code) == (403, 403, 403)


@pytest.mark.parametrize("host", ["evil.example:PORT", "127.0.0.1.evil.example:PORT", "localhost", "[::1:PORT", "127.0.0.1:1", ""])
def test_foreign_host_is_refused(served: Console, host: str) -> None:
    """A name that was made to point here is refused, and so is a port that is not ours."""
    answer = served.ask("GET", "/", Host=host.replace("PORT", str(served.port)))

    assert answer.status in {400, 403}


def test_own_origin_and_names_are_taken(served: Console) -> None:
    """Our own pages may speak to us, under any of our names."""
    for name in ("127.0.0.1", "localhost"):
        authority = f"{name}:{served.port}"
        assert served.ask("GET", "/api/me", Host=authority, Origin=f"http://{authority}").status == 200


@pytest.mark.parametrize("path", ["/", "/join", "/static/link.js", "/api/me", "/nowhere", "/api/run/truth"])
def test_every_answer_carries_the_policy(served: Console, path: str) -> None:
    """No answer may be framed, sniffed, or run a script or style that is not a file of ours."""
    headers = served.ask("GET", path).headers

    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "name", ["..%2f..%2fapp.py", "%2e%2e/app.py", "link.js%00", ".hidden", "uplot/..%2f..%2f..%2fapp.py", "nothing.js"]
)
def test_files_beside_ours_are_not_served(served: Console, name: str) -> None:
    """Only files of the two folders are served, by their plain names."""
    assert served.ask("GET", f"/static/{name}").status == 404


def test_long_bodies_are_refused(served: Console) -> None:
    """A body past the limit is refused by its head, and one that lies about its length by what comes."""
    long = b'{"token":"' + b"x" * 20_000 + b'"}'
    honest = served.ask("POST", "/session", long, Content_Type="application/json")
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(long), long)
    lying = served.ask("POST", "/session", chunked, Content_Type="application/json", Transfer_Encoding="chunked", Content_Length="")

    assert honest.status == 413
    assert lying.status in {400, 413}


def test_forms_are_refused(served: Console) -> None:
    """What another site's form could send is not taken for JSON."""
    answer = served.ask("POST", "/session", b'{"token":"x"}', Content_Type="text/plain")

    assert answer.status == 415


@pytest.mark.parametrize(
    "nickname, why",
    [
        ("", "wants"),
        ("x" * 25, "too long"),
        ("Ana", "somebody is called"),
        (" aNA ", "somebody is called"),
        ("\uff21\uff4e\uff41", "somebody is called"),
        ("<b>Eve</b>", "cannot stand"),
        ("Eve\u202e", "cannot stand"),
        ("-", "cannot stand"),
        (7, "missing"),
    ],
)
@pytest.mark.usefixtures("ana")
def test_nicknames_are_judged(served: Console, nickname: object, why: str) -> None:
    """A nickname is short, of letters, and not one that looks like another's."""
    answer = served.post("/session", {"token": served.secret("learner"), "nickname": nickname})

    assert "set-cookie" not in answer.headers
    assert why in answer.body.decode()


def test_short_code_opens_the_learners_door(served: Console) -> None:
    """Who types the code, in any case and with blanks, is a learner."""
    typed = f" {served.ready['code'].lower().replace('-', ' ')} "

    answer = served.post("/session", {"token": typed, "nickname": "Typist"})

    assert answer.content["role"] == "learner"


def test_observer_only_looks(served: Console, ana: Person) -> None:
    """An observer sees what the learner sees, and each act is refused."""
    with served.admitted("observer").arrived(f"&watch={ana.learner}") as line:
        answer = line.do("interrogate")

    assert line.view["briefing"]
    assert (answer["ok"], answer["error"]["status"]) == (False, 403)


def test_readmitted_learner_has_his_place_and_the_old_cookie_none(served: Console, trainer: Person) -> None:
    """The instructor's fresh link gives a learner whose browser is gone his case again, once."""
    lost = served.admitted("learner", "Lost")
    with trainer.arrived() as line:
        link = line.do("readmit", {"learner": lost.learner})["seen"]["link"]
    first, second = (served.post("/session", {"token": link.partition("#")[2]}) for _ in range(2))

    assert first.content["learner"] == lost.learner
    assert second.status == 401
    with pytest.raises(InvalidStatus):
        lost.line()


def test_wrong_secrets_are_slowed_down(tmp_path_factory: pytest.TempPathFactory) -> None:
    """After ten wrong secrets even the right one has to wait."""
    with console(tmp_path_factory.mktemp("guessing")) as started:
        wrong = [started.post("/session", {"token": f"guess-{number}"}).status for number in range(12)]
        right = started.post("/session", {"token": started.secret("instructor")})

    assert wrong == [401] * 10 + [429] * 2
    assert right.status == 429
