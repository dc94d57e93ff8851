"""Server processes: started so that they cannot outlive their owner, found again, stopped."""

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lm_assets.model.errors import LmError

STOP_GRACE_S = 5.0
_POLL_S = 0.05
_LOG_LINES = 15
# Above what services are known by, below what Linux gives to outgoing connections (32768 on).
_SERVER_PORTS = range(15_000, 32_000)


class EngineError(LmError):
    """An embedded server could not be started, or is missing."""


# To look and go through what is closed, and nothing else of what root may.
_PASS_THROUGH = (
    "--inh-caps=-all,+dac_read_search",
    "--ambient-caps=-all,+dac_read_search",
    "--bounding-set=-all,+dac_read_search",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The OS user and group that a server runs as.

    ``passes_private_folders`` lets it go through folders that are closed to it (as root only, by
    one capability, ``dac_read_search``), so that none has to be opened for it.
    """

    uid: int
    gid: int
    passes_private_folders: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessIdentity:
    """A process, recognisable after its number has been given to another one."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "ProcessIdentity | None":
        """Return the identity of a running process, None when there is none with this number."""
        started = _start_mark(pid)
        return cls(pid=pid, started=started) if started else None

    def is_running(self) -> bool:
        """Whether this very process still runs."""
        return _start_mark(self.pid) == self.started


def _start_mark(pid: int) -> str:
    """Return the process's start time as the system spells it, empty when it has ended."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            # The name in the second field may hold spaces and parentheses: count from its end.
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        # A killed process whose first thread has ended still holds its files and ports until the
        # last one has.
        has_ended = fields[0] == "X" or (fields[0] == "Z" and int(fields[17]) <= 1)
        return "" if has_ended else fields[19]
    # macOS has no /proc.
    command = ["/bin/ps", "-p", str(pid), "-o", "lstart="]
    answer = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, env={"LC_ALL": "C"}
    )
    return answer.stdout.strip()


def started_at(pid: int) -> datetime | None:
    """Return when a running process was started, None when there is none with this number.

    Right to a second or two, and to how far the clock has been set since.
    """
    mark = _start_mark(pid)
    if not mark:
        return None
    if mark.isdigit():
        since_boot_s = int(mark) / os.sysconf("SC_CLK_TCK")
        booted = re.search(r"^btime (\d+)$", Path("/proc/stat").read_text(), re.MULTILINE)
        if booted is None:
            raise EngineError("/proc/stat does not say when the machine was started (btime)")
        return datetime.fromtimestamp(int(booted[1]) + since_boot_s, UTC)
    local = datetime.strptime(mark, "%a %b %d %H:%M:%S %Y")  # noqa: DTZ007 - as ps gives it
    return local.astimezone(UTC)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let Ctrl-C wait for the end of the block: what is being stopped is stopped whole.

    For blocks that end within seconds. Elsewhere than on the main thread no signal arrives anyway.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str],
    death_signal: str = "TERM",
    account: Account | None = None,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, with exactly this environment, in this folder.

    Where ``setpriv`` is there (any Linux) the kernel signals the server when the thread that
    called this ends, kill -9 included; elsewhere the next start finds and stops it.
    """
    guard = _guard(death_signal, account)
    if account is not None and account.passes_private_folders:
        # The guard itself changes to the user: what it keeps of root's would be lost before.
        account = None
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - the commands are built in this package
            [*guard, *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,
            umask=0o077,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )


def _guard(death_signal: str, account: Account | None) -> list[str]:
    """Return what stands before a command: the signal for when its starter dies, and its user."""
    setpriv = shutil.which("setpriv")
    if account is not None and account.passes_private_folders:
        if setpriv is None:
            raise EngineError("there is no setpriv to give a server one capability and no other")
        user = (f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups")
        return [setpriv, *user, *_PASS_THROUGH, "--pdeathsig", death_signal, "--"]
    return [setpriv, "--pdeathsig", death_signal, "--"] if setpriv else []


def can_pass_private_folders(account: Account, folder: Path) -> bool:
    """Tell whether this machine lets a server of that user into a folder closed to others."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return False
    user = (f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups")
    asked = [setpriv, *user, *_PASS_THROUGH, "--", "/usr/bin/test", "-d", str(folder)]
    tried = subprocess.run(asked, capture_output=True, check=False)  # noqa: S603
    return tried.returncode == 0


def wait_ready(
    name: str,
    process: subprocess.Popen[bytes],
    is_ready: Callable[[], bool],
    *,
    log: Path,
    timeout_s: float = 60.0,
) -> None:
    """Return when the server answers.

    Raises
    ------
    EngineError
        When it ends or stays silent; the message carries the end of its log.
    """
    deadline = time.monotonic() + timeout_s
    while not is_ready():
        if process.poll() is not None:
            raise EngineError(f"{name} ended with exit code {process.returncode}\n{tail(log)}")
        if time.monotonic() > deadline:
            raise EngineError(f"{name} did not answer within {timeout_s:.0f} s\n{tail(log)}")
        time.sleep(_POLL_S)


def stop(identity: ProcessIdentity, *, first: signal.Signals = signal.SIGTERM) -> None:
    """Stop a process, this command's child or not: the signal, 5 seconds, then KILL."""
    for number, patience_s in ((first, STOP_GRACE_S), (signal.SIGKILL, STOP_GRACE_S)):
        if not identity.is_running():
            break
        os.kill(identity.pid, number)
        deadline = time.monotonic() + patience_s
        while identity.is_running() and time.monotonic() < deadline:
            time.sleep(_POLL_S)


def tail(log: Path) -> str:
    """Return the last lines of a log, for a message."""
    lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES:] if log.exists() else []
    return f"the end of {log}:\n" + "\n".join(lines)


def are_free(ports: Sequence[int]) -> bool:
    """Whether a server could listen on all of these ports of 127.0.0.1 now."""
    sockets: list[socket.socket] = []
    try:
        for port in ports:
            probe = socket.socket()
            sockets.append(probe)
            # As the server itself will: a port in TIME_WAIT is free for a listener.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    finally:
        for probe in sockets:
            probe.close()
    return True


def free_ports(count: int) -> list[int]:
    """Return distinct ports of 127.0.0.1 that are free now.

    They are not asked of the system: what it gives is of the range from which every connection
    that goes out takes one too, and may be gone before the server listens.
    """
    found: list[int] = []
    while len(found) < count:
        port = secrets.choice(_SERVER_PORTS)
        if port not in found and are_free([port]):
            found.append(port)
    return found


def free_port() -> int:
    """Return one such port."""
    return free_ports(1)[0]
