"""Starts, watches and ends the server under test. Its log stays on disk for the reader of a failure."""

import os
import shutil
import signal
import socket
import subprocess

import server_settings as settings
from api_client import ApiClient
from checks import wait_until

LOG_TAIL_LINES = 40


class ServerDidNotStart(Exception):
    """The process ended, or never became ready."""


def fresh_directory(directory):
    """An empty directory of this name; what an earlier run left there is removed."""
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    return directory


def free_port():
    """A TCP port that was free on both loopback addresses a moment ago."""
    while True:
        with socket.socket() as four, socket.socket(socket.AF_INET6) as six:
            four.bind(("127.0.0.1", 0))
            port = four.getsockname()[1]
            try:
                six.bind(("::1", port))
            except OSError:
                continue
            return port


def port_is_free(port):
    """Whether nothing listens on `port` of either loopback address."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True


class AuthServer:
    """One `serve` process over one data directory. Use it as a context manager."""

    def __init__(self, binary, directory, command, environment=None, port=None, host=None):
        self.binary = os.path.abspath(binary)
        self.directory = os.path.abspath(directory)
        self.data_dir = os.path.join(self.directory, "data")
        self.log_path = os.path.join(self.directory, "server.log")
        self.command = command
        self.port = port or free_port()
        self.host = host
        self.process = None
        os.makedirs(self.directory, exist_ok=True)
        # Nothing of the caller's MINBIL_* variables may reach the server under test.
        self.environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": self.directory,
            settings.DATA_DIR: self.data_dir,
            settings.LISTEN: settings.loopback_listeners(self.port),
            settings.METRICS_LISTEN: f"127.0.0.1:{free_port()}",
            **(environment or {}),
        }

    @property
    def url(self):
        return f"http://localhost:{self.port}"

    @property
    def api(self):
        """A client of this server that names the public host when there is one."""
        return ApiClient("127.0.0.1", self.port, host=self.host)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Starts the process and returns when `/readyz` answers 200."""
        arguments = [self.binary, *self.command, "--data-dir", self.data_dir]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                arguments, cwd=self.directory, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )
        try:
            wait_until("/readyz to answer 200", self._is_ready)
        except Exception as error:
            self.kill()
            raise ServerDidNotStart(f"{error}\n{' '.join(arguments)}\n{self.log_tail()}") from None
        return self

    def _is_ready(self):
        if self.process.poll() is not None:
            raise ServerDidNotStart(f"the process ended with exit code {self.process.returncode}")
        try:
            return self.api.get("/readyz").status == 200
        except OSError:
            return False

    def stop(self):
        """Asks the process to end; returns its exit code, or None when it had to be killed."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def kill(self):
        """Ends the process as a power cut would: SIGKILL, no chance to write anything."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def run(self, command, timeout=30):
        """Runs another command of the binary over the same data directory and configuration."""
        return subprocess.run(
            [self.binary, *command], cwd=self.directory, env=self.environment,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False,
        )

    def outbox(self):
        """The mails that are not delivered yet, as the operator's command shows them."""
        result = self.run(settings.OUTBOX_LIST)
        if result.returncode != 0:
            raise RuntimeError(f"outbox list failed ({result.returncode}): {result.stdout}{result.stderr}")
        return settings.outbox_rows(result.stdout)

    def log(self):
        """All that the server has logged."""
        if not os.path.exists(self.log_path):
            return ""
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def log_tail(self):
        """The end of the log, headed by where the whole of it is."""
        lines = self.log().splitlines()[-LOG_TAIL_LINES:]
        return "\n".join([f"--- the last lines of {self.log_path}", *lines, "---"])
