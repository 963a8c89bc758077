"""Installs the pinned Python packages into a virtual environment of the work folder, outside the source tree."""

import os
import shutil
import subprocess
import sys
import venv

HERE = os.path.dirname(os.path.abspath(__file__))
LOCK = "requirements.txt"


def install(directory):
    """Makes the environment in `directory` what requirements.txt says, unless it already is; returns its programs."""
    programs = os.path.join(directory, "bin")
    lock = os.path.join(HERE, LOCK)
    # The copy of the list is the last thing written, so its presence means a complete installation.
    installed_lock = os.path.join(directory, "installed-requirements.txt")
    if _same_text(lock, installed_lock) and os.access(os.path.join(programs, "python"), os.X_OK):
        return programs
    shutil.rmtree(directory, ignore_errors=True)
    # Without a pip of its own: Debian keeps what would make one in a package apart.
    venv.create(directory, with_pip=False)
    python = os.path.join(programs, "python")
    # Every package that is needed is on the list, so none is to be looked for beside it.
    command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--requirement", lock]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"pip failed in {directory} with {sys.version}:\n{result.stdout}{result.stderr}")
    shutil.copyfile(lock, installed_lock)
    return programs


def _same_text(left, right):
    if not os.path.exists(right):
        return False
    with open(left, "rb") as one, open(right, "rb") as other:
        return one.read() == other.read()
