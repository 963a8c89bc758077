"""Runs the published snippets, byte for byte, with the real Node.js and the real cURL."""

import os
import shutil
import subprocess
from dataclasses import dataclass

import node_packages
from api_client import parsed_or_none

SNIPPETS = os.path.join(os.path.dirname(node_packages.HERE), "docs", "snippets")
ENDPOINTS = ("sign-in", "refresh", "sign-out", "forgot-password", "sign-up")
LANGUAGES = {"axios": ".axios.mjs", "fetch": ".fetch.mjs", "curl": ".curl.sh"}
PRODUCTION_HOST = "api.minbil.no"


@dataclass
class Printed:
    """What one run of a snippet printed: the status, the body, and where each was printed."""

    exit_code: int
    status: object
    body: object
    stdout: str
    stderr: str

    def __str__(self):
        return f"exit code {self.exit_code}\nstdout:\n{self.stdout}\nstderr:\n{self.stderr}"


class SnippetRunner:
    """Holds a copy of the snippets beside node_modules, because Node resolves `axios` from where a file lies."""

    def __init__(self, directory):
        self.directory = os.path.join(node_packages.install(directory), "snippets")
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.copytree(SNIPPETS, self.directory)

    def text(self, endpoint, language):
        """The source of one snippet, as it is published."""
        with open(os.path.join(SNIPPETS, endpoint + LANGUAGES[language]), encoding="utf-8") as file:
            return file.read()

    def is_unchanged(self, endpoint, language):
        """Whether the copy that runs is the published file."""
        with open(os.path.join(self.directory, endpoint + LANGUAGES[language]), encoding="utf-8") as file:
            return file.read() == self.text(endpoint, language)

    def replace(self, endpoint, language, text):
        """Puts another text in the place of the copy, so that it runs instead."""
        with open(os.path.join(self.directory, endpoint + LANGUAGES[language]), "w", encoding="utf-8") as file:
            file.write(text)

    def run(self, endpoint, language, environment=None):
        """Runs one snippet with these variables and no other MINBIL_* variable."""
        program = "sh" if language == "curl" else "node"
        result = subprocess.run(
            [program, os.path.join(self.directory, endpoint + LANGUAGES[language])],
            env={"PATH": os.environ["PATH"], "HOME": self.directory, **(environment or {})},
            cwd=self.directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )
        status, body = _curl_output(result.stdout) if language == "curl" else _node_output(result)
        return Printed(result.returncode, status, parsed_or_none(body), result.stdout, result.stderr)

    def curl_home(self, directory, proxy_port, authority):
        """Writes a .curlrc that leads the production host to the proxy; returns the environment naming it."""
        os.makedirs(directory, exist_ok=True)
        with open(os.path.join(directory, ".curlrc"), "w", encoding="utf-8") as file:
            file.write(f'connect-to = "{PRODUCTION_HOST}:443:127.0.0.1:{proxy_port}"\n')
            file.write(f'cacert = "{authority.certificate}"\n')
        return {"CURL_HOME": directory}


def _node_output(result):
    """The Node.js snippets print the status, then the body; to stderr when the call failed."""
    status, _, body = (result.stdout if result.returncode == 0 else result.stderr).partition("\n")
    return (int(status) if status.isdigit() else status), body


def _curl_output(stdout):
    """The cURL snippets print the body, then the status on a line of its own."""
    body, _, status = stdout.strip().rpartition("\n")
    return (int(status) if status.isdigit() else status), body
