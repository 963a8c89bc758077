"""Installs the pinned npm packages next to the scripts that import them, outside the source tree."""

import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
LOCK = "package-lock.json"


def install(directory):
    """Makes `directory/node_modules` what package-lock.json says, unless it already is; returns `directory`."""
    os.makedirs(directory, exist_ok=True)
    lock = os.path.join(HERE, LOCK)
    # The copy of the lock file is the last thing written, so its presence means a complete installation.
    installed_lock = os.path.join(directory, "installed-lock.json")
    if _same_text(lock, installed_lock):
        return directory
    for name in ("package.json", LOCK, ".npmrc"):
        shutil.copyfile(os.path.join(HERE, name), os.path.join(directory, name))
    result = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--loglevel=error"], cwd=directory, capture_output=True, text=True,
        timeout=300, check=False,
    )
    if result.returncode != 0:
        raise RuntimeError(f"npm ci failed in {directory}:\n{result.stdout}{result.stderr}")
    shutil.copyfile(lock, installed_lock)
    return directory


def _same_text(left, right):
    if not os.path.exists(right):
        return False
    with open(left, "rb") as one, open(right, "rb") as other:
        return one.read() == other.read()
