"""What is there only if pumpsim was installed with its extra `web`."""

from __future__ import annotations

from importlib import import_module

from hil.errors import UsageError

__all__ = ["require_web"]


def require_web(asked: str) -> None:
    """Look whether the extra is there. Raises UsageError with the cure."""
    for name in ("starlette", "uvicorn", "websockets"):
        try:
            import_module(name)
        except ModuleNotFoundError:
            raise UsageError(f"{name} is not installed", where=asked, do="type: pip install 'pumpsim[web]'") from None
