"""A production server and its mail server, set up for one scenario, with the few things a scenario does to them."""

import os
import subprocess

import answer_shapes as shapes
import server_settings as settings
from auth_server import AuthServer, fresh_directory
from checks import wait_until
from smtp_process import PASSWORD as SMTP_PASSWORD
from smtp_process import SmtpProcess

MAIL_FROM = "Minbil <no-reply@minbil.no>"
FIRST_PASSWORD = "FirstPass123!"
PUBLIC_HOST = settings.PRODUCTION_BASE_URL.partition("://")[2]


class MailSetting:
    """One data directory, one auth server, one SMTP server in a given mode. Use it as a context manager."""

    def __init__(self, suite, name, mode="accept", smtp_options=(), url=None):
        self.checks = suite.checks
        self.name = name
        directory = fresh_directory(os.path.join(suite.work, name))
        self.smtp = SmtpProcess(directory, suite.certificates, mode, *smtp_options)
        root_key = os.path.join(directory, "root.key")
        environment = {
            settings.MODE: "production",
            **settings.WIDE_LIMITS,
            settings.BASE_URL: settings.PRODUCTION_BASE_URL,
            settings.ROOT_KEY_FILE: root_key,
            settings.SMTP_URL: self.smtp.url(**(url or {})),
            settings.MAIL_CA_FILE: suite.certificates.authority_file,
            settings.MAIL_FROM: MAIL_FROM,
            **settings.IMPATIENT_MAIL,
        }
        self.server = AuthServer(suite.binary, directory, settings.SERVE, environment, host=PUBLIC_HOST)
        write_root_key(suite.binary, root_key)

    def __enter__(self):
        self.smtp.__enter__()
        try:
            self.server.start()
        except BaseException:
            self.smtp.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.server.stop()
        leaked = [secret for secret in self.secrets() if secret in self.server.log()]
        self.checks.check(f"{self.name}: no password and no mailed token is in the log", not leaked, leaked)
        self.smtp.__exit__()

    def secrets(self):
        """What the log must never hold."""
        mails = self.smtp.mails() + self.smtp.mails(kind="stalled")
        return [SMTP_PASSWORD, FIRST_PASSWORD, *(mail.token for mail in mails if mail.token)]

    def evidence(self):
        """What a reader of a failure wants to see first."""
        outbox = self.server.run(settings.OUTBOX_LIST)
        shown = f"--- outbox list\n{outbox.stdout}{outbox.stderr}"
        return "\n".join([self.server.log_tail(), self.smtp.tail(), shown])

    # --- what a client does ----------------------------------------------------------------------------------

    def post(self, endpoint, fields, headers=None):
        return self.server.api.post_json(f"{settings.API}/{endpoint}", fields, headers)

    def sign_up(self, email):
        """Makes an account and returns its address."""
        answer = self.post("sign-up", {"email": email, "password": FIRST_PASSWORD})
        if answer.status != 201:
            raise RuntimeError(f"sign-up answered {answer}\n{self.server.log_tail()}")
        return email

    def forgot(self, email, redirect_to=settings.PLATFORM_RESET_PAGE, language="en"):
        """Asks for a reset link."""
        fields = {"email": email} | ({"redirect_to": redirect_to} if redirect_to else {})
        return self.post("forgot-password", fields, {"Accept-Language": language})

    def owner_forgets(self, email):
        """Makes an account, asks for its link, and checks the answer, which is the same in every weather."""
        answer = self.forgot(self.sign_up(email))
        faults = shapes.forgot_password_faults(answer.body)
        self.checks.check(
            f"{self.name}: forgot-password answers as ever", answer.status == 200 and not faults,
            lambda: f"{answer}\n{faults}\n{self.evidence()}",
        )
        return email

    # --- what the outbox shows -------------------------------------------------------------------------------

    def wait_for_row(self, what, fits):
        """Waits until a row of the outbox fits, and returns it."""
        return wait_until(
            f"an outbox row that {what}", lambda: next((row for row in self.server.outbox() if fits(row)), None)
        )

    def wait_for_attempts(self, count):
        """Waits until some row has this many attempts behind it."""
        return self.wait_for_row(
            f"was tried {count} time(s)", lambda row: settings.outbox_attempts(row) >= count
        )

    def wait_until_nothing_is_owed(self):
        """Waits until every row is delivered."""
        wait_until("an outbox with nothing owed", lambda: not self.server.outbox())


def write_root_key(binary, path):
    """Lets the binary make a root key, and keeps it in a file that only its owner reads."""
    made = subprocess.run([binary, *settings.KEY_NEW_ROOT], capture_output=True, text=True, timeout=30, check=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(made.stdout)
