"""The server's own pages in a real browser: development inbox, reset page and verification page, in both languages."""

import os

import server_settings as settings
from auth_server import AuthServer, free_port, fresh_directory
from browser_script import BrowserScripts
from checks import Checks

LOCALES = ("en-US", "nb-NO")
NEW_PASSWORD = "AnotherPass456!"


class BrowserSuite:
    """Runs the same journeys once for each language, each on a data directory of its own."""

    def __init__(self, binary, work):
        self.checks = Checks("browser")
        self.binary = binary
        self.work = os.path.join(work, "browser")
        self.screenshots = fresh_directory(os.path.join(work, "screenshots"))
        self.scripts = BrowserScripts(os.path.join(work, "node"))
        self.notes = {}

    def run(self):
        """Runs every language; true when nothing failed."""
        for locale in LOCALES:
            self.notes[locale] = {}
            self.checks.scenario(f"the journey in {locale}", self.journey, locale)
            self.checks.scenario(f"the verification in {locale}", self.verification, locale)
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
        options = {
            "locale": locale,
            "email": settings.DEMO_EMAIL,
            "password": settings.DEMO_PASSWORD,
            "newPassword": NEW_PASSWORD,
            "namespace": settings.NAMESPACE,
            "screenshots": self.screenshots,
        }
        with AuthServer(self.binary, directory, settings.SERVE_DEMO, environment, port) as server:
            result = self.scripts.run("reset_journey.mjs", server, options)
            self.notes[locale] |= self.scripts.read(result, locale, self.checks, server)

    def verification(self, locale):
        directory = fresh_directory(os.path.join(self.work, f"{locale}-verification"))
        port = free_port()
        environment = {settings.BASE_URL: f"http://localhost:{port}", settings.EMAIL_VERIFICATION: "required"}
        options = {
            "locale": locale,
            "email": "new.owner@example.com",
            "password": NEW_PASSWORD,
            "namespace": settings.NAMESPACE,
            "screenshots": self.screenshots,
        }
        with AuthServer(self.binary, directory, settings.SERVE, environment, port) as server:
            result = self.scripts.run("verify_journey.mjs", server, options)
            self.notes[locale] |= self.scripts.read(result, f"{locale}, verification", self.checks, server)


def run(binary, work):
    """Runs the suite; true when nothing failed."""
    return BrowserSuite(binary, work).run()
