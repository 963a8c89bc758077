"""Starts the SMTP server process, switches its modes, and reads what it received."""

import email
import email.policy
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

import server_settings as settings
from auth_server import free_port
from certificates import Authority
from checks import wait_until

USER = "minbil-mailer"
PASSWORD = "smtp-secret-7f3a"
LINK = re.compile(r"https?://[^\s<>\"']+#token=[^\s<>\"']+")
ADDRESS = "127.0.0.1"


class MailCertificates:
    """The three certificates of the SMTP server, and the authority that the server under test trusts."""

    def __init__(self, directory):
        self.directory = os.path.join(directory, "shown")
        os.makedirs(self.directory, exist_ok=True)
        trusted = Authority(os.path.join(directory, "trusted"), "trusted authority")
        stranger = Authority(os.path.join(directory, "stranger"), "unknown authority")
        self.authority_file = trusted.certificate
        self._show("right", trusted.issue("right", f"IP:{ADDRESS}"))
        self._show("wrong-name", trusted.issue("wrong-name", "DNS:elsewhere.example.com,IP:127.9.9.9"))
        self._show("unknown-authority", stranger.issue("unknown-authority", f"IP:{ADDRESS}"))

    def _show(self, stem, leaf):
        shutil.copyfile(leaf.certificate, os.path.join(self.directory, f"{stem}.pem"))
        shutil.copyfile(leaf.key, os.path.join(self.directory, f"{stem}.key"))


@dataclass
class Mail:
    """One mail as it came over the wire. `answered` is false when the client never learnt that it was taken."""

    to: list
    sender: str
    tls: bool
    user: str
    answered: bool
    message: email.message.EmailMessage

    @property
    def message_id(self):
        return self.message["Message-ID"]

    def part(self, kind):
        """The decoded text of the `plain` or the `html` part; empty when there is none."""
        part = self.message.get_body((kind,))
        return part.get_content() if part is not None else ""

    @property
    def link(self):
        """The one link with a token in the text part, or None."""
        found = LINK.findall(self.part("plain"))
        return found[0] if found else None

    @property
    def token(self):
        return self.link.partition("#token=")[2] if self.link else None


class SmtpProcess:
    """One run of smtp_server.py. Use it as a context manager."""

    def __init__(self, directory, certificates, mode="accept", *extra):
        self.port = free_port()
        self.journal = os.path.join(directory, "smtp.jsonl")
        self.log_path = os.path.join(directory, "smtp.log")
        self.certificates = certificates
        self.mode = mode
        self.extra = extra
        self.process = None

    def url(self, scheme="smtp", suffix=settings.SMTP_STARTTLS_SUFFIX):
        """The address of this server as the configuration of the server under test names it."""
        return f"{scheme}://{USER}:{PASSWORD}@{ADDRESS}:{self.port}{suffix}"

    def __enter__(self):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "smtp_server.py")
        open(self.journal, "a", encoding="utf-8").close()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, script, "--port", str(self.port), "--journal", self.journal,
                    "--certificates", self.certificates.directory, "--user", USER, "--password", PASSWORD,
                    "--mode", self.mode, *self.extra,
                ],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1,
            )
        self._expect(self.mode)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def switch(self, mode):
        """Changes the mode; when this returns the change has happened."""
        self.process.stdin.write(f"mode {mode}\n")
        self.process.stdin.flush()
        self._expect(mode)

    def _expect(self, mode):
        said = self.process.stdout.readline().strip()
        if said != f"now {mode}":
            raise RuntimeError(f"the SMTP server said {said!r}; its log is {self.log_path}")

    def events(self, name=None):
        """What happened so far, oldest first."""
        with open(self.journal, encoding="utf-8") as file:
            lines = [line for line in file if line.endswith("\n")]
        return [event for event in map(json.loads, lines) if name in (None, event["event"])]

    def commands(self, verb):
        """How often a client said this verb."""
        return sum(1 for event in self.events("command") if event["verb"] == verb)

    def mails(self, to=None, kind="mail"):
        """The mails taken so far (or, as `stalled`, those never answered): all, or those for one recipient."""
        found = []
        for event in self.events(kind):
            message = email.message_from_bytes(event["data"].encode("latin-1"), policy=email.policy.default)
            facts = (event["to"], event["sender"], event["tls"], event["user"], event["answered"])
            found.append(Mail(*facts, message))
        return [mail for mail in found if to is None or to in mail.to]

    def links_to(self, to):
        """The mails for one recipient that carry a link with a token."""
        return [mail for mail in self.mails(to) if mail.link]

    def wait_for_link(self, to, count=1):
        """Waits until `count` mails with a link have come for this recipient, and returns them."""
        return wait_until(
            f"{count} mail(s) with a link for {to}",
            lambda: (mails := self.links_to(to)) and len(mails) >= count and mails,
        )

    def tail(self):
        """The last events, without the bodies of mails."""
        shown = [{**event, "data": "…"} if "data" in event else event for event in self.events()[-30:]]
        return "\n".join(["--- the last events of the SMTP server", *map(json.dumps, shown), "---"])
