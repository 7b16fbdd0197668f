"""pumpsim completion: the script by which a shell completes commands, options and names."""

from __future__ import annotations

import click

from hil.cli.given import Word

__all__ = ["SHELLS", "command"]

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=Word(SHELLS))
def command(shell: str) -> None:
    """Print the script that has SHELL complete commands, options, and the names of profiles, lessons, scenarios, plans and mutants.

    \b
    bash  (4.4 or newer)  put into ~/.bashrc:
        eval "$(pumpsim completion bash)"
    zsh   put into ~/.zshrc, below compinit:
        eval "$(pumpsim completion zsh)"
    fish  type once:
        pumpsim completion fish > ~/.config/fish/completions/pumpsim.fish

    It works from the next shell on.
    """  # noqa: D301  # click wants the character itself
    from click.shell_completion import get_completion_class

    from hil.cli import COMPLETION, pumpsim
    from hil.cli.complete import register

    register()
    script = get_completion_class(shell)
    assert script is not None
    click.echo(script(pumpsim, {}, "pumpsim", COMPLETION).source(), nl=False)
