"""Messages of the feed as coloured lines: time, who speaks, what is said."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from hil.cli.bench_view import clock

__all__ = ["Screen"]

Message = dict[str, Any]
TIME_WIDTH = 20
FIELD_CHARS_MAX = 40


class Screen:
    """A terminal, or what stands for one."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)

    def show(self, message: Message) -> None:
        """Print one message on one line, however long the terminal makes it."""
        self._console.print(_line(message), soft_wrap=True)


def _line(message: Message) -> Text:
    match message["type"]:
        case "frame":
            return _frame(message["frame"])
        case "event":
            return _event(message["event"])
        case "missed":
            return Text(f"{'':{TIME_WIDTH}}missed: {message['events']} events, {message['frames']} frames", style="bold red")
        case "renumbered":
            return Text(f"{'':{TIME_WIDTH}}this is another pump now, with numbers of its own", style="bold")
        case "pace":
            pace = message["pace"]
            words = "keeps up again" if pace["keeps_up"] else f"cannot keep up, {pace['lag_us'] // 1000} ms late"
            return Text(f"{'':{TIME_WIDTH}}{pace['pace']} {words}", style="bold yellow")
        case _:
            return Text(f"{'':{TIME_WIDTH}}live", style="dim")


def _frame(frame: Message) -> Text:
    host = frame["from"] == "host"
    line = Text(f"{clock(frame['now_us']):{TIME_WIDTH}}", style="dim")
    line.append("host > " if host else "pump < ", style="cyan" if host else "green")
    if "name" not in frame:
        return line.append(f"{frame['bytes']} bytes: {frame.get('error', '')}", style="red")
    line.append(f"{frame['name']:<12} ", style="bold")
    line.append(f"{frame['session']}/{frame['sequence']} ", style="dim")
    if not host:
        line.append(f"{frame.get('answer', '')} ", style="green" if frame.get("answer") == "OK" else "bold red")
    if "error" in frame:
        line.append(frame["error"], style="red")
    return line.append(_fields(frame.get("fields", {})))


def _event(event: Message) -> Text:
    line = Text(f"{clock(event['now_us']):{TIME_WIDTH}}", style="dim")
    line.append(f"{event['kind']:<6} ", style="magenta")
    rest = {name: value for name, value in event.items() if name not in {"number", "now_us", "kind"}}
    return line.append(_fields(rest)).append(f"  #{event['number']}", style="dim")


def _fields(fields: Message) -> str:
    return "  ".join(f"{name}={_short(value)}" for name, value in fields.items())


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= FIELD_CHARS_MAX else f"{text[: FIELD_CHARS_MAX - 3]}..."
