"""`completion`: the shell's completion script, ready to be sourced."""

from __future__ import annotations

import click

_SHELLS = ("bash", "zsh", "fish")


@click.command(name="completion")
@click.argument("shell", type=click.Choice(_SHELLS))
def command(shell: str) -> None:
    """Print the completion script for SHELL.

    \b
    Examples:
      source <(release-manager completion bash)
      release-manager completion fish > ~/.config/fish/completions/release-manager.fish
    """
    from click.shell_completion import get_completion_class

    from harness.cli.app import cli

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"no completion for {shell!r}; choose one of {', '.join(_SHELLS)}")
    click.echo(found(cli, {}, "release-manager", "_RELEASE_MANAGER_COMPLETE").source())
