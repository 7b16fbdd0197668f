"""`pumpsim train` on the command line: what it prints, refuses, keeps and forgets."""

from __future__ import annotations

import http.client
import io
import json
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from hil.cli import execute
from hil.console.store import forget
from hil.errors import UsageError
from tests.console.classroom import Console, console

NEEDS_OPENSSL = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl on this machine to make a certificate with")
Run = Callable[..., "Ended"]


class Ended(NamedTuple):
    """What came of a command."""

    code: int
    out: str
    err: str


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `pumpsim train` to its end with the runs of a folder, and an answer to what it asks."""

    def run(folder: Path, *arguments: str, answer: str = "") -> Ended:
        monkeypatch.setenv("PUMPSIM_RUNS", str(folder / "runs"))
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        return Ended(execute(["train", *arguments]), *capsys.readouterr())

    return run


class Kept(NamedTuple):
    """A folder with one run that has ended, and its name."""

    folder: Path
    run: str


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A class of one was held, without pages."""
    folder = tmp_path_factory.mktemp("train")
    with console(folder, "--ready-file", str(folder / "ready")) as started:
        assert json.loads((folder / "ready").read_text()) == started.ready
        boss, ana = started.admitted("instructor"), started.admitted("learner", "Ana")
        with boss.arrived() as line:
            line.do("resume")
        with ana.arrived() as line:
            line.do("interrogate")
        with pytest.raises(UsageError, match="a running server has this run"):
            forget(folder / "runs", started.ready["run"])
    assert not (folder / "ready").exists()
    return Kept(folder, started.ready["run"])


def test_run_is_listed_with_who_took_part(kept: Kept, train: Run) -> None:
    """The list of runs says lesson, nicknames and how much was written, for people and for programs."""
    said, data = train(kept.folder, "runs"), train(kept.folder, "runs", "--json")

    found = [run for run in json.loads(data.out)["runs"] if run["run"] == kept.run]
    assert "found-stopped; Ana" in said.out
    assert found[0]["learners"] == ["Ana"]
    assert found[0]["running"] is False


def test_run_is_saved_as_a_lesson_that_is_whole(kept: Kept, train: Run) -> None:
    """What was done becomes a lesson of its own, which the check finds nothing wrong with."""
    folder = kept.folder / "mine"
    saved = train(kept.folder, "save", kept.run, str(folder))
    checked = train(kept.folder, "check", str(folder), "--json")

    assert saved.code == 0, saved.err
    assert json.loads(checked.out)["ok"] is True


def test_nothing_is_forgotten_without_a_yes(kept: Kept, train: Run) -> None:
    """Forgetting asks, with the number of entries and the nicknames; a no leaves the run."""
    asked = train(kept.folder, "forget", kept.run, answer="n\n")

    assert "results of Ana?" in asked.err
    assert asked.code != 0
    assert (kept.folder / "runs" / kept.run / "log.jsonl").exists()


def test_forgotten_run_leaves_nothing(tmp_path: Path, kept: Kept, train: Run) -> None:
    """After forgetting no file has the nickname, and the run cannot be gone on with."""
    runs = tmp_path / "runs"
    runs.mkdir()
    subprocess.run(["cp", "-a", str(kept.folder / "runs" / kept.run), str(runs / kept.run)], check=True)

    gone = train(tmp_path, "forget", kept.run, "--yes", "--json")
    again = train(tmp_path, "--run", kept.run)

    assert json.loads(gone.out)["forgot"] == kept.run
    assert not list(runs.iterdir())
    assert (again.code, "there is no run" in again.err) == (2, True)


def test_folder_of_runs_is_its_owners_alone(kept: Kept) -> None:
    """Nobody else on the machine may read links, nicknames or logs."""
    run = kept.folder / "runs" / kept.run

    assert not [path for path in (run, *run.iterdir()) if path.stat().st_mode & 0o077]
    assert json.loads((run / "run.json").read_text())["secrets"].keys() == {"instructor", "learner", "observer", "code"}


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--lesson", "no-such"], "no lesson is called 'no-such'"),
        (["--lesson", "found-stopped", "--run", "teal-otter"], "keeps its own --lesson"),
        (["--run", "teal-otter", "--class", "3"], "keeps its own --class"),
        (["--run", "../etc"], "there is no run '../etc'"),
        (["--host", "example.org"], "'example.org' is no IP address"),
        (["--host", "127.0.0.1", "--lan"], "--host and --lan are both given"),
        (["--host", "192.0.2.7"], "cannot listen"),
        (["--tls", "no.pem", "no.key"], "no.pem: no such file"),
        (["--policy", "good"], "a policy is for a run without pages"),
        (["--headless", "found-stopped"], "who is the learner?"),
        (["--lesson", "found-stopped", "--language", "xx"], "xx"),
        (["--class", "0"], "0 is not in the range"),
        (["forget", "no-such-run", "--yes"], "there is no run 'no-such-run'"),
        (["save", "no-such-run", "x"], "there is no run 'no-such-run'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_misuse_is_one_line(arguments: list[str], said: str, tmp_path: Path, train: Run) -> None:
    """Each misuse ends with 2 and one line that says what, where and what to do, and leaves no run behind."""
    done = train(tmp_path, *arguments)

    assert (done.code, done.err.count("\n")) == (2, 1), done.err
    assert said in done.err
    assert not list(tmp_path.glob("runs/*"))


def test_missing_extra_is_named() -> None:
    """Without the extra `web` one line says what to install."""
    script = "import sys; sys.modules['starlette'] = None; from hil.cli import main; main(['train', '--lesson', 'found-stopped'])"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "pip install 'pumpsim[web]'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_instructor_chooses_the_lesson_on_the_page(tmp_path: Path) -> None:
    """Without a lesson whoever is there waits; the instructor's choice begins it for all, with the cookies they have."""
    with console(tmp_path, lesson="") as started:
        boss, ana = started.admitted("instructor"), started.admitted("learner", "Ana")
        with boss.arrived() as line, ana.arrived() as page:
            waiting, refused = dict(page.view), line.do("choose", {"lesson": "../found-stopped"})
            chosen = line.do("choose", {"lesson": "found-stopped"})
            hello = page.until("hello")
            page.until("view")
            again = line.do("choose", {"lesson": "found-stopped"})

    assert waiting == {"waiting": True}
    assert (refused["ok"], chosen["ok"], again["ok"]) == (False, True, False)
    assert (hello["chosen"], hello["learner"] != "") == (True, True)
    assert page.view["briefing"]


def test_local_network_without_tls_is_warned_of(tmp_path: Path, train: Run) -> None:
    """On a network the console says that its traffic can be read, and takes any address of this machine as its name.

    A second console on its port says so. As nobody joined, nothing is kept of either.
    """
    started = Console(tmp_path, ["--lan", "--units", "UK"])
    answers = [started.ask("GET", "/api/me", Host=f"{host}:{started.port}").status for host in ("127.0.0.1", "192.168.1.7", "evil.example")]
    second = train(tmp_path, "--lesson", "found-stopped", "--port", str(started.port))
    errors = started.end()

    assert answers == [200, 200, 403]
    assert (second.code, "cannot listen" in second.err) == (2, True)
    assert "can read what goes over it" in errors
    assert "it is not kept" in errors
    assert not list((tmp_path / "runs").iterdir())


def made_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    certificate, key = folder / "class.pem", folder / "class.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=class"]
    paths = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *paths], check=True, capture_output=True)
    return certificate, key


@NEEDS_OPENSSL
def test_certificate_encrypts_pages_and_cookies(tmp_path: Path) -> None:
    """With --tls links are https, the cookie is Secure, and a page's own Origin is the https one; plain HTTP gets nothing."""
    certificate, key = made_certificate(tmp_path)
    with console(tmp_path, "--tls", str(certificate), str(key)) as started:
        trust = ssl.create_default_context(cafile=certificate)
        line = http.client.HTTPSConnection(started.host, started.port, context=trust)
        body = json.dumps({"token": started.secret("observer")})
        origin = {"Content-Type": "application/json", "Origin": f"https://{started.authority}"}
        line.request("POST", "/session", body, origin)
        answer = line.getresponse()
        answer.read()
        line.close()
        with pytest.raises((http.client.HTTPException, OSError)):
            started.ask("GET", "/")

    assert started.ready["url"].startswith("https://")
    assert answer.status == 200
    assert "Secure" in str(answer.headers["set-cookie"])


@NEEDS_OPENSSL
def test_key_of_another_certificate_is_refused(tmp_path: Path, train: Run) -> None:
    """A certificate and a key that do not belong together are told before anything is served."""
    (tmp_path / "other").mkdir()
    certificate, (_, key) = made_certificate(tmp_path)[0], made_certificate(tmp_path / "other")

    done = train(tmp_path, "--tls", str(certificate), str(key))

    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "not a certificate and its key" in done.err


@pytest.mark.skipif(sys.platform == "win32", reason="the browser here is a shell script")
def test_open_keeps_the_link_out_of_the_list_of_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser is started with a file that its owner alone may read and that leads to the link; at the end the file is gone."""
    script = tmp_path / "browser"
    script.write_text('#!/bin/sh\necho "$@" > told; stat -c %a "${1#file://}" > mode; cat "${1#file://}" > page; mv page seen\n')
    script.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(script))
    monkeypatch.chdir(tmp_path)
    with console(tmp_path, "--open") as started:
        link = started.ready["instructor_link"]
        secret = started.secret("instructor")
        started.admitted("instructor")  # the browser was started before anybody is let in
        told = (tmp_path / "told").read_text().strip()
        assert told.startswith("file:///")
        assert secret not in told
        assert f"url={link}" in (tmp_path / "seen").read_text()
        assert (tmp_path / "mode").read_text().strip() == "600"
    assert not Path(told.removeprefix("file://")).exists()
