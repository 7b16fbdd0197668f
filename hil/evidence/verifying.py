"""From what was asked for on the command line to a document: rows, waivers and profile read first, then the run, then the verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from firmware_sim.errors import PumpError
from firmware_sim.profile import Profile, load_profile
from hil.errors import UsageError
from hil.evidence.dossier import Bars, Facts, breaches_of, made_dossier
from hil.evidence.facts import profile_facts, suite_facts, version_facts
from hil.evidence.header import made_header
from hil.evidence.suite_run import SHIPPED, SuiteAsked, need_pytest, paths_of, run_suite
from hil.requirements.matrix import Evidence, Matrix
from hil.requirements.outside import shipped_outside
from hil.requirements.table import SECTIONS, Requirement, Table, read_table, shipped_table
from hil.requirements.waivers import Waiver, read_waivers, shipped_waivers

if TYPE_CHECKING:
    from hil.evidence.records import CaseRecord
    from hil.rig.file import RigFile
    from hil.rig.place import Place

__all__ = ["Documents", "Verified", "VerifyAsked", "verify"]

SIMULATED = "simulated"
CONNECTED = "connected"
"""The way to a pump that this run did not make: its bench may lack what a test needs."""
REAL = "serial:"
"""URLs of ports behind which a unit may stand."""


class VerifyAsked(NamedTuple):
    """What the command line said; empty or None where it said nothing."""

    url: str
    bench: str
    rig: Path | None
    profile: str
    seed: int | None
    random_order: bool
    report: Path | None
    requirements: Path | None
    waivers: Path | None
    skips: Path | None
    jobs: int
    select: str
    suites: tuple[str, ...]
    operator: str


class Verified(NamedTuple):
    """Header and document of a run, and what pytest printed."""

    header: dict[str, Any]
    dossier: dict[str, Any]
    log: str


class _Rows(NamedTuple):
    """What is judged, and by which exceptions."""

    table: Table
    waivers: Mapping[str, Waiver]
    sections: tuple[str, ...]
    own: frozenset[str]
    """Ids of rows that came from a table of one's own."""


def verify(asked: VerifyAsked, told: Callable[[CaseRecord, int, int], None]) -> Verified:
    """Run the suite and judge every row. Raises UsageError before anything is sent, HilError where a run broke off."""
    need_pytest(asked.jobs)
    rows, place, suites = _rows(asked), _place(asked), paths_of(asked.suites)
    document = Documents(asked, place, suites, rows, _profile(place))
    ran = run_suite(SuiteAsked(suites, _options(asked), asked.jobs, asked.select, _order(asked)), told)
    header, dossier = document.made_of(ran.records, ran.broken, ran.conftests)
    dossier["run"] |= {"mutant": ", ".join(ran.mutants)}
    return Verified(header, dossier, ran.log)


class Documents:
    """Makes header and document of what a run left. Made before the run, it finds what cannot be judged before anything is sent."""

    def __init__(self, asked: VerifyAsked, place: Place, suites: Sequence[Path], rows: _Rows, profile: Profile) -> None:
        self._asked, self._place, self._suites, self._rows, self._profile = asked, place, suites, rows, profile

    @classmethod
    def for_run(cls, asked: VerifyAsked, place: Place, suites: Sequence[Path]) -> Documents:
        """For tests that somebody else runs. Raises UsageError."""
        return cls(asked, place, suites, _rows(asked), _profile(place))

    def made_of(
        self, records: Sequence[CaseRecord], broken: Sequence[str], conftests: Sequence[Path] = ()
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Header and document."""
        asked, place, rows = self._asked, self._place, self._rows
        matrix = _judged(asked, rows, self._profile, records)
        facts = Facts(
            _run(asked, place),
            version_facts(asked.requirements, asked.waivers, place.wire),
            suite_facts(self._suites, len(records), conftests),
            profile_facts(self._profile),
        )
        header = made_header(asked.operator, [record.serial for record in records], _instruments(place.file))
        bars = Bars(rows.sections, may_skip=place.way == CONNECTED or asked.skips is not None)
        return header, made_dossier(matrix, records, breaches_of(matrix, records, broken, bars), facts)


def _judged(asked: VerifyAsked, rows: _Rows, profile: Profile, records: Sequence[CaseRecord]) -> Matrix:
    """All rows; of a part of the suite those that it is about, of a suite of one's own alone the rows of one's own too."""
    outcomes = [outcome for record in records for outcome in record.outcomes]
    evidence = Evidence(outcomes, profile.name, dict(profile.known_deviations), one_pump=True, outside=shipped_outside())
    matrix = Matrix.judge(rows.table, rows.waivers, evidence)
    if not asked.select and SHIPPED in asked.suites:
        return matrix
    kept = () if asked.select else rows.own
    return Matrix(tuple(row for row in matrix.rows if row.tests or row.requirement.id in kept), matrix.faults)


def _rows(asked: VerifyAsked) -> _Rows:
    """The shipped rows and waivers, joined by those of one's own."""
    table, waivers = dict(shipped_table()), dict(shipped_waivers())
    sections, own = list(SECTIONS), dict[str, Requirement]()
    if asked.requirements is not None:
        own = dict(read_table(asked.requirements))
        twice = sorted(own.keys() & table.keys())
        if twice:
            raise UsageError(f"{twice[0]} is a row of the shipped table too", where=str(asked.requirements), do="give it another id")
        table |= own
        sections += dict.fromkeys(row.letters for row in own.values())
    if asked.waivers is not None:
        waivers |= read_waivers(asked.waivers)
    return _Rows(table, waivers, tuple(sections), frozenset(own))


def _place(asked: VerifyAsked) -> Place:
    """Where the pump is, as the plugin will read it. Raises UsageError for what may be a unit that nobody vouches for."""
    from hil.rig.asked import Asked
    from hil.rig.file import read_rig_file
    from hil.rig.place import place_of

    url: str | None = asked.url or None
    if asked.rig is not None:
        target = read_rig_file(asked.rig).target
        if url not in {None, target.in_process, target.serve, target.connect}:
            raise UsageError(f"the rig file names another target than {url}", where=str(asked.rig), do="say it once")
        url = None
    elif url is None and not asked.bench:
        raise UsageError("no pump is named", where="verify", do="give a URL such as pumpsim://itp-40, or --rig FILE")
    options = Asked(url, asked.bench or None, asked.rig, asked.profile or None, None, asked.seed, None, None, None, None, 0, "")
    place = place_of(options)
    if place.url.startswith(REAL) and (place.file is None or not place.file.serial or not place.file.bench_unit):
        do = "write `serial:`, as it stands on the unit, and `bench_unit: true` into a rig file, and give it with --rig"
        raise UsageError("a serial port may have a real unit behind it, and no rig file vouches for that one", where=place.url, do=do)
    if place.way == CONNECTED and asked.jobs > 1:
        raise UsageError("one pump has one port", where="--jobs", do="leave it out")
    return place


def _profile(place: Place) -> Profile:
    """What the pump is declared to be. Raises UsageError."""
    if place.profile is None:
        raise UsageError("nobody says which profile the pump has", where=place.url, do="give --profile NAME, or `profile:` in the rig file")
    try:
        profile = load_profile(place.profile)
    except PumpError as error:
        raise UsageError(str(error), where="--profile") from error
    if not profile.behaviour.telemetry:
        what = f"{profile.name} has no electronics: nothing answers, so nothing can be verified"
        raise UsageError(what, where="verify", do="choose another profile")
    return profile


def _options(asked: VerifyAsked) -> tuple[str, ...]:
    """For the plugin."""
    given: Sequence[tuple[str, object]] = (
        ("--pump", "" if asked.rig else asked.url),
        ("--pump-bench", asked.bench),
        ("--pump-rig", asked.rig),
        ("--pump-profile", asked.profile),
        ("--pump-seed", asked.seed),
        ("--pump-requirements", asked.requirements),
        ("--pump-report", asked.report),
        ("--pump-skips", asked.skips),
    )
    return tuple(f"{name}={value}" for name, value in given if value not in {None, ""})


def _order(asked: VerifyAsked) -> int | None:
    return (asked.seed or 0) if asked.random_order else None


def _run(asked: VerifyAsked, place: Place) -> dict[str, Any]:
    """What was asked for, as far as it makes a difference to what is shown."""
    return {
        "target": place.url,
        "way": place.way,
        "seed": "" if place.seed is None else str(place.seed),
        "order": f"random, drawn with {_order(asked)}" if asked.random_order else "as listed",
        "selected": asked.select,
    }


def _instruments(rig: RigFile | None) -> list[dict[str, str]]:
    """What an auditor asks of each instrument."""
    if rig is None or not rig.instruments:
        return [{"kind": SIMULATED, "id": "", "calibrated": "", "uncertainty": ""}]
    return [
        {"kind": kind, "id": entry.id or "", "calibrated": entry.calibrated or "", "uncertainty": entry.uncertainty or ""}
        for kind, entry in sorted(rig.instruments.items())
    ]
