"""Where the pump under test is, and how it is had: what the options and the rig file say, read together.

* `pumpsim://...` is a pump in this process.
* `pty:PATH` where nothing is yet, `tcp://HOST:0` and `rfc2217://HOST:0` are served for this run, in lock-step unless told otherwise.
* Anything else is there already and is connected to.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from firmware_sim.profile.folder import is_path, profile_names
from hil.errors import UsageError
from hil.rig import ready_line
from hil.rig.asked import SEED_DEFAULT, URL_DEFAULT, Asked
from hil.rig.file import RigFile, TargetEntry, read_rig_file
from hil.urls.pump_url import parse_pump_url
from hil.web.address import pump_entry

__all__ = ["CONNECT", "IN_PROCESS", "SERVE", "Place", "place_of"]

IN_PROCESS, SERVE, CONNECT = "in process", "served", "connected"
PROFILE_DEFAULT = "itp-40"
TOKEN_VARIABLE = "PUMPSIM_TOKEN"  # noqa: S105  # the name of a variable
FREE_PORT = ":0"


class Place(NamedTuple):
    """`way` is one of the three above. `profile` None: nobody said which pump it is. `seed` None: it was not made here."""

    way: str
    url: str
    profile: str | None
    seed: int | None
    serve_options: tuple[str, ...] = ()
    ready: Mapping[str, Any] | None = None
    pump: str | None = None
    keys: Path | None = None
    file: RigFile | None = None
    wire: str = ""
    """The protocol of one's own that the pump speaks; empty for pumpsim's."""

    @property
    def shared(self) -> bool:
        """Whether the pump is there already, one for all processes of a run."""
        return self.way == CONNECT


def place_of(asked: Asked) -> Place:
    """Read options and rig file together. Raises UsageError."""
    if asked.rig is not None and (asked.url or asked.bench):
        given = "--pump" if asked.url else "--pump-bench"
        raise UsageError(f"{given} and --pump-rig both say where the pump is", where=given, do="give one of them")
    file = None if asked.rig is None else read_rig_file(asked.rig)
    target = file.target if file else _target(asked)
    place = _placed(target, asked, file)
    if asked.mutant and place.shared:
        raise UsageError("only a pump that this run makes can be a mutant", where="--pump-mutant", do="leave --pump to its default")
    return place


def _target(asked: Asked) -> TargetEntry:
    """What the options say, as a rig file would say it."""
    url = asked.url
    if url is None and asked.bench is None:
        return TargetEntry(in_process=f"pumpsim://{asked.profile}" if asked.profile else URL_DEFAULT)
    if url is None:
        if str(asked.bench).startswith("http"):
            do = "add --pump with the pump's port, or give the ready file of its server"
            raise UsageError("a bench's address does not tell where the pump is", where="--pump-bench", do=do)
        return TargetEntry(ready=asked.bench)
    if url.startswith("pumpsim:"):
        return TargetEntry(in_process=url)
    if (url in profile_names() or url.endswith((".yaml", ".yml"))) and not Path(url).is_char_device():
        raise UsageError("it is a profile, and no port", where=url, do=f"did you mean pumpsim://{url}?")
    if asked.bench is None and _is_new(url):
        return TargetEntry(serve=url)
    return TargetEntry(connect=url, bench=asked.bench)


def _is_new(url: str) -> bool:
    """Whether nothing is there yet, so that a server of our own can be."""
    if url.startswith("pty:"):
        return not Path(url.removeprefix("pty:")).exists()
    return url.startswith(("tcp://", "rfc2217://")) and url.endswith(FREE_PORT)


def _placed(target: TargetEntry, asked: Asked, file: RigFile | None) -> Place:
    profile = asked.profile or (_profile_of(file) if file else None)
    seed = asked.seed if asked.seed is not None else target.seed
    if target.in_process is not None:
        return _in_process(_url_of(target, file), profile, seed, asked.pace)._replace(file=file)
    if target.serve is not None:
        return _served(target, profile or PROFILE_DEFAULT, SEED_DEFAULT if seed is None else seed, asked)._replace(file=file)
    made = [name for name, value in (("--pump-seed", asked.seed), ("--pump-pace", asked.pace)) if value is not None]
    if made:
        raise UsageError("this pump is there already", where=made[0], do="leave it out; it is for a pump that the run makes")
    return _connected(target, profile, file)


def _profile_of(file: RigFile) -> str | None:
    """The profile that a rig file names; a file's path is from its folder."""
    name = file.profile
    return _short(file.beside(name)) if name is not None and is_path(name) else name


def _short(path: Path) -> str:
    """From the folder one is in, if it is below it: so a run tells the same wherever that folder lies."""
    whole = path.resolve()
    return whole.relative_to(Path.cwd()).as_posix() if whole.is_relative_to(Path.cwd()) else whole.as_posix()


def _url_of(target: TargetEntry, file: RigFile | None) -> str:
    """A pump in this process: the URL of a rig file means paths from the file's folder."""
    url = str(target.in_process)
    said = parse_pump_url(url)
    if file is None:
        return url
    if is_path(said.profile):
        url = url.replace(said.profile, _short(file.beside(said.profile)), 1)
    if target.wire is not None:
        place, _, name = target.wire.rpartition(":")
        wire = f"{_short(Path(place))}:{name}" if place.endswith(".py") else target.wire
        url += f"{'&' if '?' in url else '?'}wire={quote(wire, safe='/:.')}"
    return url


def _in_process(url: str, profile: str | None, seed: int | None, pace: str | None) -> Place:
    """Complete the URL with what the options say. Raises UsageError."""
    said = parse_pump_url(url)
    if profile is not None and said.profile != profile:
        raise UsageError(f"--pump says {said.profile}, --pump-profile {profile}", where=url, do="say it once")
    more = []
    if "seed=" not in url:
        more.append(f"seed={SEED_DEFAULT if seed is None else seed}")
    elif seed not in {None, said.seed}:
        raise UsageError(f"the URL says seed {said.seed}, --pump-seed {seed}", where=url, do="say it once")
    if pace is not None:
        more.append(f"pace={pace}")
    whole = url + "".join(f"{'?' if '?' not in url and not place else '&'}{word}" for place, word in enumerate(more))
    asked = parse_pump_url(whole)
    return Place(IN_PROCESS, whole, asked.profile, asked.seed, wire=asked.wire)


def _served(target: TargetEntry, profile: str, seed: int, asked: Asked) -> Place:
    """Options of `pumpsim serve`; each process of pytest-xdist gets a link of its own."""
    url = str(target.serve)
    if asked.worker and url.startswith("pty:"):
        url = f"{url}-{asked.worker}"
    options = ["--port", url, "--seed", str(seed), "--pace", asked.pace or target.pace or "lock-step"]
    for name in ("catheter", "security", "wire"):
        if (value := getattr(target, name)) is not None:
            options += [f"--{name}", value]
    if asked.mutant:
        options += ["--mutant", asked.mutant]
    return Place(SERVE, url, profile, seed, tuple(options), wire=target.wire or "")


def _connected(target: TargetEntry, profile: str | None, file: RigFile | None) -> Place:
    """A pump that is there already, with its bench if somebody says where that is."""
    keys = file.keys if file else None
    bench = target.ready or target.bench
    ready = None if bench is None else _ready(bench, target.connect, file)
    url = target.connect or str(pump_entry(ready or {}, target.pump)["port"])
    named = profile or (str(pump_entry(ready, target.pump).get("profile") or "") if ready else "")
    wire = target.wire or str(pump_entry(ready or {}, target.pump).get("wire") or "")
    return Place(CONNECT, url, named or None, None, (), ready, target.pump, keys, file, wire)


def _ready(bench: str, port: str | None, file: RigFile | None) -> Mapping[str, Any]:
    """The ready line of the server: from its file, or put together from the bench's address and a token."""
    if bench.startswith("http"):
        return {"ready": True, "port": port, "bench": bench, "token": os.environ.get(TOKEN_VARIABLE)}
    path = file.beside(bench) if file else Path(bench)
    return json.loads(json.dumps(ready_line(path)))  # type: ignore[no-any-return]  # a copy of our own
