"""The server's own pages in a real browser: development inbox and reset page, in English and in Norwegian."""

import json
import os
import shutil
import subprocess

import node_packages
import server_settings as settings
from auth_server import AuthServer, free_port, fresh_directory
from checks import Checks

BROWSER = "/usr/bin/chromium"
LOCALES = ("en-US", "nb-NO")
NEW_PASSWORD = "AnotherPass456!"
SCRIPTS = os.path.join(node_packages.HERE, "browser")
JOURNEY_SECONDS = 240


class BrowserSuite:
    """Runs the same journey once for each language, each on a data directory of its own."""

    def __init__(self, binary, work):
        self.checks = Checks("browser")
        self.binary = binary
        self.work = os.path.join(work, "browser")
        self.screenshots = fresh_directory(os.path.join(work, "screenshots"))
        self.scripts = os.path.join(node_packages.install(os.path.join(work, "node")), "browser")
        shutil.rmtree(self.scripts, ignore_errors=True)
        shutil.copytree(SCRIPTS, self.scripts)
        self.notes = {}

    def run(self):
        """Runs every language; true when nothing failed."""
        for locale in LOCALES:
            self.checks.scenario(f"the journey in {locale}", self.journey, locale)
        english, norwegian = (self.notes.get(locale, {}) for locale in LOCALES)
        for note in sorted(english.keys() | norwegian.keys()):
            texts = (english.get(note), norwegian.get(note))
            translated = None not in texts and texts[0] != texts[1]
            self.checks.check(f"the {note} text is in both languages", translated, texts)
        return self.checks.close()

    def journey(self, locale):
        directory = fresh_directory(os.path.join(self.work, locale))
        port = free_port()
        environment = {settings.BASE_URL: f"http://localhost:{port}"}
        with AuthServer(self.binary, directory, settings.SERVE_DEMO, environment, port) as server:
            result = self.run_script(locale, server)
            self.read(locale, result.stdout)
            self.checks.equal(
                f"{locale}: the journey ends as it should", result.returncode, 0,
                lambda: f"{result.stdout[-2000:]}\n{result.stderr[-4000:]}\n{server.log_tail()}",
            )

    def run_script(self, locale, server):
        options = {
            "origin": server.url,
            "locale": locale,
            "email": settings.DEMO_EMAIL,
            "password": settings.DEMO_PASSWORD,
            "newPassword": NEW_PASSWORD,
            "namespace": settings.NAMESPACE,
            "browser": os.environ.get("CHROMIUM", BROWSER),
            "screenshots": self.screenshots,
        }
        return subprocess.run(
            ["node", os.path.join(self.scripts, "reset_journey.mjs"), json.dumps(options)],
            cwd=server.directory, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=JOURNEY_SECONDS, check=False,
        )

    def read(self, locale, stdout):
        """Turns the script's lines into checks and notes."""
        for line in stdout.splitlines():
            said = json.loads(line)
            if "note" in said:
                self.notes.setdefault(locale, {})[said["note"]] = said["text"]
            else:
                self.checks.check(f"{locale}: {said['claim']}", said["ok"], said.get("detail"))


def run(binary, work):
    """Runs the suite; true when nothing failed."""
    return BrowserSuite(binary, work).run()
