"""How each self-contained page is made: a template of `templates/`, with the styles and scripts of `static/` inside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["filled", "static"]

HERE = Path(__file__).parent


def filled(template: str, values: Mapping[str, object], filters: Mapping[str, Callable[..., Any]] | None = None) -> str:
    """The page; a name that the template asks for and nobody gave is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= filters or {}
    return environment.get_template(template).render(**values)


def static(*names: str) -> str:
    """These files of `static/`, one after the other."""
    return "\n".join((HERE / "static" / name).read_text(encoding="utf-8") for name in names)
