"""Servers that tests start: loopback only, in a folder of their own, stopped by their own process."""

import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PASSWORD = "T0p-secret~word"  # noqa: S105  of a server that lives for one test session
_START_S = 60.0
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresServer:
    """A PostgreSQL server of this test session."""

    process: subprocess.Popen[bytes]
    folder: Path
    port: int

    def url(self, database: str, *, user: str = "postgres", password: str = PASSWORD) -> str:
        """Address of one of its databases."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str, *, database: str = "postgres") -> list[tuple[object, ...]]:
        """Rows of one statement outside any transaction."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            found = connection.execute(statement)  # type: ignore[call-overload]
            return list(found.fetchall()) if found.description else []


def postgres_programs() -> Path | None:
    """The folder of the newest PostgreSQL's programs."""
    beside = shutil.which("initdb")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else Path(beside).parent if beside else None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server, one a worker; skips where it is not installed."""
    pytest.importorskip("psycopg", reason="the extra postgres is not installed")
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (tools/postgresql.sh installs it on Debian)")
    # The server refuses to run as root, so root runs it as the user whom the Debian package makes.
    other = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="gridpact-postgres-"))
    data, secret = folder / "data", folder / "password"
    secret.write_text(PASSWORD)
    if other:
        for path in (folder, secret):
            shutil.chown(path, "postgres", "postgres")
    process = None
    try:
        made = subprocess.run(
            [programs / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", "--pwfile", secret]
            + ["-E", "UTF8", "--locale=C", "--no-sync"],
            capture_output=True,
            check=False,
            cwd=folder,
            **other,  # type: ignore[call-overload]
        )
        assert made.returncode == 0, made.stderr.decode()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", data, "-p", str(port), "-k", folder, "-h", "127.0.0.1"]
                # A power cut is not what these tests are about, and they make a database each.
                + ["-c", "fsync=off", "-c", "max_connections=50", "-c", "shared_buffers=32MB"],
                stdout=log,
                stderr=log,
                cwd=folder,
                **other,  # type: ignore[call-overload]
            )
        server = PostgresServer(process=process, folder=folder, port=port)
        _wait(server)
        yield server
    finally:
        if process is not None:
            process.send_signal(signal.SIGQUIT)
            process.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Address of a fresh, empty database."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    postgres_server.run(f"CREATE DATABASE {name}")
    yield postgres_server.url(name)
    postgres_server.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _wait(server: PostgresServer) -> None:
    import psycopg

    deadline = time.monotonic() + _START_S
    while True:
        try:
            server.run("SELECT 1")
        except psycopg.OperationalError:
            log = (server.folder / "log").read_text(errors="replace")
            assert server.process.poll() is None, log
            assert time.monotonic() < deadline, log
            time.sleep(0.05)
        else:
            return
