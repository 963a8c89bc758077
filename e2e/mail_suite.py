"""Mail in production mode, against an SMTP server process that behaves, refuses, stalls, drops and comes back."""

import os

from auth_server import fresh_directory
from checks import Checks
from mail_faults import MailFaults
from mail_journeys import MailJourneys
from mail_setting import MailSetting
from smtp_process import MailCertificates


class MailSuite:
    """Holds what every scenario needs, and gives each its own servers and its own data directory."""

    def __init__(self, binary, work):
        self.checks = Checks("mail")
        self.binary = binary
        self.work = os.path.join(work, "mail")
        self.certificates = MailCertificates(fresh_directory(os.path.join(self.work, "certificates")))

    def run(self):
        """Runs every scenario; true when nothing failed."""
        for group in (MailJourneys(self.checks), MailFaults(self.checks)):
            for name, options, steps in group.scenarios():
                self.checks.scenario(name, self.scenario, name, options, steps)
        return self.checks.close()

    def scenario(self, name, options, steps):
        with MailSetting(self, name, **options) as setting:
            self.checks.scenario(f"{name}, inside,", steps, setting, evidence=setting.evidence)


def run(binary, work):
    """Runs the suite; true when nothing failed."""
    return MailSuite(binary, work).run()
