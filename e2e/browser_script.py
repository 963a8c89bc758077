"""Runs one of the scripts of `browser/` in Node.js, and turns the lines that it prints into checks and notes."""

import json
import os
import shutil
import subprocess

import node_packages

BROWSER = "/usr/bin/chromium"
SCRIPTS = os.path.join(node_packages.HERE, "browser")
SECONDS = 240


class BrowserScripts:
    """A copy of the scripts beside node_modules, because Node resolves packages from where a file lies."""

    def __init__(self, node_directory):
        self.directory = os.path.join(node_packages.install(node_directory), "browser")
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.copytree(SCRIPTS, self.directory)

    def run(self, name, server, options):
        """Runs a script against a server; its one argument is a JSON object."""
        options = {"origin": server.url, "browser": os.environ.get("CHROMIUM", BROWSER), **options}
        return subprocess.run(
            ["node", os.path.join(self.directory, name), json.dumps(options)],
            cwd=server.directory, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=SECONDS, check=False,
        )

    @staticmethod
    def read(result, label, checks, server):
        """Records what the script found; returns its notes by name."""
        notes = {}
        for line in result.stdout.splitlines():
            said = json.loads(line)
            if "note" in said:
                notes[said["note"]] = said["text"]
            else:
                checks.check(f"{label}: {said['claim']}", said["ok"], said.get("detail"))
        checks.equal(
            f"{label}: the journey ends as it should", result.returncode, 0,
            lambda: f"{result.stdout[-2000:]}\n{result.stderr[-4000:]}\n{server.log_tail()}",
        )
        return notes
