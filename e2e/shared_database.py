"""A database of PostgreSQL for as long as a test takes, on the server that the caller names."""

import os
import subprocess
import uuid
from urllib.parse import urlsplit

# Names a database that databases may be made from; `cargo xtask test` starts a server and sets it.
SERVER = "MINBIL_AUTH_TEST_POSTGRES_URL"


class SharedDatabase:
    """A fresh database with a name of its own. Use it as a context manager; it is dropped at the end."""

    def __init__(self):
        self.server = os.environ.get(SERVER)
        if not self.server:
            raise RuntimeError(f"{SERVER} names no PostgreSQL server; `cargo xtask test` starts one")
        self.name = f"minbil_auth_e2e_{uuid.uuid4().hex}"

    @property
    def url(self):
        return urlsplit(self.server)._replace(path=f"/{self.name}").geturl()

    def __enter__(self):
        self._say(f"CREATE DATABASE {self.name}")
        return self

    def __exit__(self, *_):
        self._say(f"DROP DATABASE {self.name} WITH (FORCE)")

    def _say(self, sql):
        subprocess.run(
            ["psql", "--no-psqlrc", "--quiet", "--dbname", self.server, "--command", sql],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True,
        )
