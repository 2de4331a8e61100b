"""``longcount --install-completion``: let the shell complete commands and options by the Tab key."""

from pathlib import Path
from typing import Literal

from cyclopts import App

app = App(name="--install-completion", help_format="plaintext", help_formatter="default")


@app.default
def install(*, shell: Literal["bash", "zsh", "fish", "powershell"] | None = None, output: Path | None = None) -> None:
    """Install completion for a shell, and load it where the shell starts (not needed for fish).

    Args:
        shell: Default: the one that this is typed in.
        output: File for the completion script; default: where the shell looks for such files.
    """
    from cyclopts.completion.detect import ShellDetectionError

    from longcount.commands.application import build
    from longcount.commands.output import say
    from longcount.errors import UserError

    try:
        path = build().install_completion(shell=shell, output=output)
    except ShellDetectionError:
        raise UserError("--install-completion: the shell could not be detected; name it with --shell") from None
    say(f"{path}: completion installed; open a new shell to use it")
