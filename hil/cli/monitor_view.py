"""Messages of the feed as coloured lines: time, who speaks, what is said."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from hil.cli.bench_view import clock
from hil.cli.colour import console
from hil.wording.alarms import alarms_in
from hil.wording.log import detail_text, volumes_text
from protocol.codes import EventKind
from protocol.messages import LogEntry

__all__ = ["Screen"]

Message = dict[str, Any]
TIME_WIDTH = 20
FIELD_CHARS_MAX = 40
WORDS = frozenset(("alarms", "silenced", "acknowledged"))
"""Fields of STATUS with a bit for each cause."""


class Screen:
    """A terminal, or what stands for one."""

    def __init__(self) -> None:
        self._console = console()

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
    if event["kind"] == "log" and event["event"] in EventKind.__members__:
        line.append(f"{_fields({name: rest[name] for name in ('record', 'event')})}  ").append(_log_words(event), style="bold")
        return line.append(f"  #{event['number']}", style="dim")
    return line.append(_fields(rest)).append(f"  #{event['number']}", style="dim")


def _log_words(event: Message) -> str:
    """What a record of the pump's log tells, as people say it."""
    facts = {name: event[name] for name in LogEntry._fields if name in event}
    entry = LogEntry(**{**facts, "number": event["record"], "good": 1, "kind": EventKind[event["event"]]})
    return ", ".join(text for text in (detail_text(entry), volumes_text(entry)) if text)


def _fields(fields: Message) -> str:
    return "  ".join(f"{name}={_short(_named(name, value))}" for name, value in fields.items())


def _named(name: str, value: object) -> object:
    """Alarm words by the names of their causes."""
    return ", ".join(alarms_in(value)) if name in WORDS and isinstance(value, int) and value else value


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= FIELD_CHARS_MAX else f"{text[: FIELD_CHARS_MAX - 3]}..."
