"""The scenarios that ship: readable by an editor with the schema, by name, and each able to fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from hil.scenario.acts import Clear, Inject
from hil.scenario.beginning import HERE
from hil.scenario.runner import play, runs_of
from hil.scenario.schema import schema
from hil.scenario.script import Step
from hil.scenario.shelf import scenario_named, shipped_names

MODELINE = "# yaml-language-server: $schema=../../docs/reference/scenario.schema.json\n"


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    """The schema that editors get."""
    Draft202012Validator.check_schema(schema())
    return Draft202012Validator(schema())


def read(text: str) -> Any:
    """YAML as an editor reads it."""
    return YAML(typ="safe").load(text)


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_scenario_fits_the_schema(name: str, validator: Draft202012Validator) -> None:
    """And says where the schema is."""
    text = Path(scenario_named(name).path).read_text(encoding="utf-8")

    assert text.startswith(MODELINE)
    assert [error.json_path for error in validator.iter_errors(read(text))] == []


@pytest.mark.parametrize(
    "text",
    [
        "title: x\nsteps: [{advence: 8 h}]",
        "title: x\nsteps: [{advance: 8 h, stop: }]",
        "title: x\nsteps: [{expect: {mode: stoped}}]",
        "title: x\nsteps: [{inject: motor.stal}]",
        "title: x\nsteps: [{silence: motor-stal}]",
        "title: x\nsteps: [{bolus: 50 mcg}]",
        "title: x\nsteps: []",
        "title: x\npomp: itp-40\nsteps: [stop]",
        "steps: [stop]",
    ],
)
def test_schema_finds_mistakes(text: str, validator: Draft202012Validator) -> None:
    """An editor underlines what the reader would refuse."""
    assert list(validator.iter_errors(read(text)))


def _without_faults(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        if not isinstance(step.act, Inject | Clear):
            yield step._replace(steps=tuple(_without_faults(step.steps)))


def _variants_with_faults() -> Iterator[tuple[str, str]]:
    for name in shipped_names():
        scenario = scenario_named(name)
        for cast in scenario.casts:
            if any(isinstance(step.act, Inject) for step in _played(scenario.steps, cast.variant)):
                yield name, cast.variant


def _played(steps: tuple[Step, ...], variant: str) -> Iterator[Step]:
    """The steps that a variant makes."""
    for step in steps:
        if step.timing.only is None or variant in step.timing.only:
            yield step
            yield from _played(step.steps, variant)


@pytest.mark.parametrize(("name", "variant"), list(_variants_with_faults()))
def test_scenario_fails_without_its_fault(name: str, variant: str) -> None:
    """What it expects comes of the fault, and of nothing else."""
    whole = scenario_named(name)
    scenario = replace(whole, steps=tuple(_without_faults(whole.steps)))

    ((cast, run),) = runs_of(scenario, HERE, [variant] if variant else [])
    assert play(scenario, cast, run, HERE).broken
