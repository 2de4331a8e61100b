"""The program ``longcount``: its commands, how errors are reported, and the exit status.

Exit status: 0 done; 2 the user can fix it, one line on standard error says how; 1 a defect of ours; 130 interrupted.
"""

import errno
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from cyclopts import App, CycloptsError

from longcount import __version__
from longcount.commands.output import say
from longcount.commands.refusals import refusal
from longcount.errors import UserError
from longcount.sources import mistakes_told

# Name, module under longcount.commands, and the line that `longcount --help` shows, in the order of the work. The
# module holds `app`, a cyclopts App of that name, and is imported only when the command is used, so a new command is
# one module and one line here.
COMMANDS = (
    ("data", "data", "Make or check the words of a study."),
    ("reproduce", "reproduce", "Reproduce a paper: train, evaluate, tables, figures and page."),
    ("train", "train", "Train runs of one cell."),
    ("evaluate", "evaluate", "Evaluate every run of a store on the words of a file."),
    ("report", "report", "Draw tables, figures and the page again from what a store holds."),
    ("trace", "trace", "Write what happens inside one model, token by token."),
    ("study", "study", "Run, inspect, extend, export and compare studies of any size."),
    ("certify", "certify", "Prove models exact, or bound their worst first point of failure."),
    ("extract", "extract", "Read models as programs, and prove that each is its model."),
    ("repair", "repair", "Make trained models exact by the smallest change that can be proved."),
    ("construct", "construct", "Put an exact counter built by hand into a store."),
    ("leaderboard", "leaderboard", "Compare every way to make networks count, cell by cell."),
    ("playground", "playground", "Write a page on which networks learn to count while you watch."),
    ("export", "export", "Write a model for PyTorch and others."),
    ("import", "import_", "Put models made elsewhere, such as PyTorch's, into a store."),
    ("list", "list_", "List the available cells, recipes and other parts, and where they come from."),
    ("bench", "bench", "Time the engine on this machine."),
)

NARROWEST = 20
"""Columns that a terminal is taken to have at least."""

# What the operating system refuses and the user can fix: disks, permissions, names, limits.
FIXABLE = {
    errno.EACCES, errno.EDQUOT, errno.EEXIST, errno.EFBIG, errno.EIO, errno.EISDIR, errno.ELOOP, errno.EMFILE,
    errno.ENAMETOOLONG, errno.ENFILE, errno.ENODEV, errno.ENOENT, errno.ENOMEM, errno.ENOSPC, errno.ENOTDIR,
    errno.EPERM, errno.EROFS, errno.ESTALE, errno.ETXTBSY,
}  # fmt: skip


def build(asked: str = "") -> App:
    """The command line with every command registered and none imported.

    Args:
        asked: the command that is wanted; its help is its own text, of the others only the line in `COMMANDS` is known.
    """
    # Plain help: laying it out as Markdown in boxes costs a third of the time that `longcount --help` takes.
    app = App(
        name="longcount",
        help="How far can a recurrent network count, why does it stop, and can it be made to count for ever?",
        version=__version__,
        help_format="plaintext",
        help_formatter="plain",
        suppress_keyboard_interrupt=False,
    )
    for position, (name, module, summary) in enumerate(COMMANDS):
        line = None if name == asked else summary
        app.command(f"longcount.commands.{module}:app", name=name, help=line, sort_key=position)
    app.command(
        "longcount.commands.shell_completion:app",
        name="--install-completion",
        help="Let the shell complete commands and options.",
        sort_key=len(COMMANDS),
    )
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (default: this process's own) and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # a terminal that cannot show a sign gets "?" in its place
            reconfigure(errors="replace")
    if shutil.get_terminal_size().columns < NARROWEST:  # help would be laid out for ever
        os.environ["COLUMNS"] = str(NARROWEST)
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == ["help"]:  # `longcount help train` is `longcount train --help`
        words = [*words[1:], "--help"]
    try:
        app = build("".join(words[:1]))
        with interrupts_told(), mistakes_told():
            app(words, exit_on_error=False, print_error=False, result_action="return_none")
        sys.stdout.flush()
    except UserError as error:
        return complain(str(error))
    except CycloptsError as error:
        return complain(refusal(error))
    except SystemExit as ended:  # a verdict that is no error, such as damage that was looked for
        if isinstance(ended.__context__, BrokenPipeError):
            return 0  # the reader of a help page has seen enough
        return ended.code if isinstance(ended.code, int) else 0
    except BrokenPipeError:
        _write_no_more()  # the reader (`| head`) has seen enough
        return 0
    except MemoryError as error:
        return complain(f"not enough memory: {error}" if str(error) else "not enough memory")
    except ImportError as error:
        if "failed to map" not in str(error) and "cannot allocate memory" not in str(error).lower():
            raise
        return complain(f"not enough memory: {error}")
    except RuntimeError as error:
        if "can't start new thread" not in str(error):
            raise
        return complain("no more threads can be started here; give fewer by --jobs")
    except OSError as error:
        if error.errno is None:  # of a library that could not be loaded
            return complain(f"{error}: is there enough memory?")
        if error.errno not in FIXABLE:
            raise
        if not error.filename:  # of a standard stream
            _write_no_more()
        return complain(f"{error.filename or 'output'}: {error.strerror}")
    except KeyboardInterrupt:
        complain("interrupted; run the same command again to resume where this one stopped")
        return 130
    return 0


def _write_no_more() -> None:
    """Let standard output go nowhere, not even what the interpreter writes when it closes."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)


@contextmanager
def interrupts_told() -> Iterator[None]:
    """Raise KeyboardInterrupt after an interrupt, whatever it has become on its way here.

    Libraries turn the exception into errors of their own where it reaches them in a function that they call: pydantic
    into a PydanticSerializationError, an import of an extension into an ImportError.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = []

    def hear(number: int, frame: object) -> None:
        heard.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, hear)
    try:
        yield
    except Exception:
        if heard:
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, before)


def complain(text: str) -> int:
    """Say on standard error, in one line, what the user can fix; return the exit status for it."""
    say(f"longcount: {' '.join(text.split())}")
    return 2
