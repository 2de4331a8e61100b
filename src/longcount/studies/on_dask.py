"""Blocks made by an existing Dask cluster: the user's scheduler and workers, which stay the user's."""

from __future__ import annotations

import json
import logging
import re
import socket
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from longcount.errors import UserError
from longcount.reading import read_bytes
from longcount.studies.blocks import Tell
from longcount.studies.remote import Watch, make_block_remotely

SECONDS_TO_CONNECT = 10


class Dask:
    """A client of a Dask scheduler."""

    def __init__(self, directory: str | Path, address: str | None = None, scheduler_file: str | Path | None = None):
        """Connect by address (``tcp://host:port``) or by the file that the scheduler wrote.

        Args:
            directory: the store, in a folder that every worker sees under the same path.
            address: the scheduler's.
            scheduler_file: instead of an address.

        Raises:
            UserError: where Dask is not installed or the scheduler does not answer.
        """
        try:
            from distributed import Client
        except ImportError:
            raise UserError("--executor dask: Dask is not installed; pip install 'longcount[dask]'") from None
        if (address is None) == (scheduler_file is None):
            raise UserError("--executor dask: give either --address or --scheduler-file of a running Dask scheduler")
        if scheduler_file is not None and not Path(scheduler_file).is_file():
            raise UserError(
                f"--scheduler-file {scheduler_file}: no such file; does the scheduler run with that option?"
            )
        # Its own account of lost connections, many lines long, would bury the one line that we give.
        for name in [name for name in logging.root.manager.loggerDict if name.startswith(("distributed", "tornado"))]:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        self.name = f"Dask scheduler at {address or scheduler_file}"
        self._refuse_no_address(_address_in(scheduler_file) if scheduler_file is not None else str(address))
        try:
            file = None if scheduler_file is None else str(scheduler_file)
            self._client = Client(address, scheduler_file=file, timeout=SECONDS_TO_CONNECT, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise UserError(f"{self.name}: no answer ({error}); start it or correct the address") from None
        self._watch = Watch(Path(directory).absolute())

    def _refuse_no_address(self, address: str) -> None:
        """Raise UserError, at once, for what is no address, and where nobody listens at one."""
        found = re.fullmatch(r"(?:(tcp|tls)://)?(.+):(\d{1,5})", address)
        if found is None:
            if re.match(r"\w+://.", address):
                return  # of another kind, which Dask knows
            raise UserError(f"{self.name}: no address of a scheduler; expected one such as tcp://10.0.0.1:8786")
        try:
            socket.create_connection((found[2].strip("[]"), int(found[3])), SECONDS_TO_CONNECT).close()
        except (OSError, ValueError, OverflowError) as error:
            raise UserError(f"{self.name}: no answer ({error}); start it or correct the address") from None

    def submit(self, wanted: Sequence[dict[str, Any]], tell: Tell) -> list[Future[dict[str, Any]]]:
        """See `Executor.submit`."""
        self._watch.tell = tell
        futures = []
        for one in wanted:
            # Not pure: Dask must not return the cached result of an equal call.
            remote = self._client.submit(make_block_remotely, one, pure=False)
            future: Future[dict[str, Any]] = Future()
            remote.add_done_callback(lambda finished, future=future: self._settle(finished, future))
            futures.append(future)
        return futures

    def _settle(self, remote: Any, future: Future[dict[str, Any]]) -> None:
        try:
            if remote.status == "finished":
                future.set_result(remote.result())
            elif remote.status == "error":
                future.set_exception(_explained(remote.exception()))
            else:
                future.set_exception(UserError(f"{self.name}: gone; start it and run the command again: it resumes"))
        except BaseException as error:  # whatever happens here must reach the study, or it would wait for ever
            future.set_exception(UserError(f"{self.name}: {error}; restart it and run the command again: it resumes"))

    def lost(self, error: BaseException) -> bool:
        """A worker that died with the block in hand, several times over."""
        from distributed import KilledWorker

        return isinstance(error, KilledWorker)

    def hindrance(self) -> str | None:
        """That there is no worker."""
        try:
            workers = self._client.scheduler_info(n_workers=-1).get("workers", {})
        except (OSError, RuntimeError):
            return f"{self.name}: no answer"
        return None if workers else f"{self.name}: no worker is connected; start some and the study continues"

    def shutdown(self) -> None:
        """Let go of the scheduler; blocks that are not begun are not made."""
        self._watch.stop()
        self._client.close(timeout=2)


def _address_in(scheduler_file: str | Path) -> str:
    """The address that a scheduler wrote into its file; UserError for a file that no scheduler wrote."""
    content = read_bytes(scheduler_file, "the file of a Dask scheduler", largest=2**24)
    try:
        return str(json.loads(content)["address"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UserError(f"--scheduler-file {scheduler_file}: not written by a Dask scheduler") from None


def _explained(error: BaseException) -> BaseException:
    if isinstance(error, ImportError):
        from longcount import __version__

        return UserError(f"a Dask worker cannot load longcount ({error}); install longcount {__version__} there")
    return error
