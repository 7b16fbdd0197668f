"""What somebody does with an installed pumpsim, each use with what shows that it worked."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

from tests.packaging.installed import Installed
from tests.tidy.pages import blocks
from tests.tidy.tree import ROOT

__all__ = ["campaign", "cluster_parts", "demo", "lesson", "plugin", "program", "served_class", "sound_parts", "verify"]

PLAN = """
name: A few lives
about: Three pumps of a fleet for two years.
engine: fleet
runs: 3
years: 2
seed: 1
set:
  fill: 38 mL
"""


def demo(here: Installed) -> None:
    """The demonstration leaves its report."""
    told = json.loads(here.run("pumpsim", "demo", "--json"))
    assert "<html" in (here.folder / told["report"]).read_text(encoding="utf-8")


def program(here: Installed) -> None:
    """A pump on a port is read by the programmer."""
    with here.serving("serve", "itp-40", "--port", "tcp://127.0.0.1:0") as ready:
        assert ready["serial"] in here.run("pumpsim", "program", ready["port"], "interrogate")


def verify(here: Installed) -> None:
    """The suite that ships runs against a pump and leaves evidence that checks."""
    here.run("pumpsim", "verify", "pumpsim://itp-40", "-k", "test_keys", "--report", "evidence")
    here.run("pumpsim", "verify", "--check", "evidence")


def lesson(here: Installed) -> None:
    """A lesson without pages comes to its verdict."""
    assert json.loads(here.run("pumpsim", "train", "--headless", "found-stopped", "--policy", "good", "--json"))


def served_class(here: Installed) -> None:
    """The page that a learner opens is there, and so is what it is made of."""
    with here.serving("train", "--lesson", "found-stopped", "--json") as ready:
        link = urlsplit(ready["learner_link"])
        for path in (link.path or "/", "/static/link.js"):
            asking = http.client.HTTPConnection(link.netloc, timeout=30)
            asking.request("GET", path)
            assert asking.getresponse().status == http.client.OK, path
            asking.close()


def plugin(here: Installed) -> None:
    """The first example of the page on testing passes, in this process and in another."""
    page = (ROOT / "docs/how-to/test-a-pump.md").read_text(encoding="utf-8")
    example = next(block for block in blocks(page) if (block.act, block.detail) == ("file", "test_pump.py"))
    (here.folder / "test_pump.py").write_text(example.text, encoding="utf-8")
    for options in ([], ["--pump", "tcp://127.0.0.1:0"]):
        assert "1 passed" in here.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_pump.py", *options)


def campaign(here: Installed, *options: str) -> None:
    """A campaign runs in worker processes and leaves results and report."""
    (here.folder / "plan.yaml").write_text(PLAN, encoding="utf-8")
    here.run("pumpsim", "campaign", "run", "plan.yaml", "--out", "lives", "--workers", "1", "--quiet", *options)
    here.run("pumpsim", "campaign", "report", "lives")
    assert (here.folder / "lives" / "report.html").exists()


def cluster_parts(here: Installed) -> None:
    """What a campaign on a cluster is made of can be imported."""
    here.run("python", "-c", "import distributed, numpy, hil.campaign.cluster")


def sound_parts(here: Installed) -> None:
    """The library for sound cards is there; whether the machine has PortAudio is another matter."""
    here.run("python", "-c", "import importlib.util as find, sys; sys.exit(find.find_spec('sounddevice') is None)")
