"""What happens to an owed mail when the mail server, the line, or the auth server itself fails."""

import server_settings as settings
from checks import wait_until


class MailFaults:
    """The scenarios in which something goes wrong and no mail may be lost, doubled under another name, or betrayed."""

    def __init__(self, checks):
        self.checks = checks

    def scenarios(self):
        """(name, options of the setting, steps) of each."""
        return [
            ("mail-server-down", {"mode": "closed"}, self.mail_server_down),
            ("busy-recipient", {"mode": "busy-recipient"}, self.busy_recipient),
            ("unknown-recipient", {"mode": "unknown-recipient"}, self.dead_letter),
            ("stalled-mail-server", {"mode": "stall"}, self.stalled),
            ("dropped-answer", {"mode": "drop-after-dot"}, self.dropped_answer),
            ("no-starttls", {"mode": "no-starttls", "smtp_options": ("--plain-login",)}, self.nothing_without_trust),
            ("certificate-of-another-host", {"mode": "wrong-name"}, self.nothing_without_trust),
            ("certificate-of-a-stranger", {"mode": "unknown-authority"}, self.nothing_without_trust),
            ("refused-login", {"mode": "refused-login"}, self.refused_login),
            ("kill-before-delivery", {"mode": "closed"}, self.kill_before_delivery),
            ("kill-inside-delivery", {"mode": "stall"}, self.kill_inside_delivery),
        ]

    def arrives_once(self, setting, owner, when):
        """Waits for the mail and for an empty outbox, then counts."""
        setting.smtp.wait_for_link(owner)
        setting.wait_until_nothing_is_owed()
        mails = setting.smtp.links_to(owner)
        self.checks.equal(f"the mail arrives, once, {when}", len(mails), 1, setting.evidence)

    def mail_server_down(self, setting):
        owner = setting.owner_forgets("down@example.com")
        setting.wait_for_attempts(1)
        ready = setting.server.api.get("/readyz")
        self.checks.equal("the server stays ready without its mail server", ready.status, 200, ready)
        setting.smtp.switch("accept")
        self.arrives_once(setting, owner, "when the mail server comes back")
        token = setting.smtp.links_to(owner)[0].token
        done = setting.post("reset-password", {"token": token, "password": "SecondPass456!"})
        self.checks.equal("a link that waited works", done.status, 200, lambda: f"{done}\n{setting.evidence()}")

    def busy_recipient(self, setting):
        owner = setting.owner_forgets("busy@example.com")
        wait_until("two refusals", lambda: setting.smtp.commands("RCPT") >= 2)
        setting.smtp.switch("accept")
        self.arrives_once(setting, owner, "after a temporary refusal")

    def dead_letter(self, setting):
        owner = setting.owner_forgets("gone@example.com")
        row = setting.wait_for_row("is dead", settings.outbox_is_dead)
        tries = setting.smtp.commands("RCPT")
        self.checks.equal("a mail refused for good is tried once", tries, 1, setting.evidence)
        self.checks.check("the dead letter shows its last error", "550" in (row["last_error"] or ""), row)
        betrayed = [word for word in ("token=", owner) if word in (row["last_error"] or "")]
        self.checks.check("its last error names no address and no token", not betrayed, row)
        setting.smtp.switch("accept")
        result = setting.server.run([*settings.OUTBOX_RETRY, str(row["id"])])
        said = f"{result.returncode}\n{result.stdout}{result.stderr}"
        self.checks.equal("outbox retry takes its id", result.returncode, 0, said)
        self.arrives_once(setting, owner, "after the operator's retry")

    def stalled(self, setting):
        owner = setting.owner_forgets("slow@example.com")
        first = wait_until("a stalled delivery", lambda: setting.smtp.mails(kind="stalled"))[0]
        answer = setting.forgot(owner)
        self.checks.equal("forgot-password answers while a delivery stalls", answer.status, 200, answer)
        setting.smtp.switch("accept")
        same = lambda: [m for m in setting.smtp.links_to(owner) if m.link == first.link]  # noqa: E731
        mail = wait_until("the stalled mail, sent again", same)[0]
        self.checks.equal("a stalled mail is sent again under its Message-ID", mail.message_id, first.message_id)

    def dropped_answer(self, setting):
        owner = setting.owner_forgets("dropped@example.com")
        setting.smtp.wait_for_link(owner)
        setting.smtp.switch("accept")
        wait_until("an answered delivery", lambda: any(mail.answered for mail in setting.smtp.links_to(owner)))
        setting.wait_until_nothing_is_owed()
        mails = setting.smtp.links_to(owner)
        self.checks.check("a mail whose answer was lost is sent again", len(mails) >= 2, setting.evidence)
        ids = {mail.message_id for mail in mails}
        self.checks.equal("every copy has the same Message-ID", len(ids), 1, ids)
        self.checks.equal("every copy has the same link", len({mail.link for mail in mails}), 1)
        done = setting.post("reset-password", {"token": mails[0].token, "password": "SecondPass456!"})
        self.checks.equal("the link of the first copy works", done.status, 200, done)

    def nothing_without_trust(self, setting):
        owner = setting.owner_forgets("trust@example.com")
        smtp = setting.smtp
        wait_until("a second try or a betrayal", lambda: len(smtp.events("connection")) >= 2 or smtp.commands("DATA"))
        for verb in ("AUTH", "MAIL", "RCPT", "DATA"):
            count = setting.smtp.commands(verb)
            self.checks.equal(f"{setting.name}: no {verb} is said", count, 0, setting.evidence)
        setting.smtp.switch("accept")
        self.arrives_once(setting, owner, f"when the fault of {setting.name} is mended")

    def refused_login(self, setting):
        owner = setting.owner_forgets("login@example.com")
        wait_until("a refused login", lambda: setting.smtp.events("login"))
        self.checks.equal("no mail is offered without a login", setting.smtp.commands("MAIL"), 0, setting.evidence)
        setting.smtp.switch("accept")
        # A refused login is the operator's to mend. Whether the worker tries again or leaves a dead letter is its
        # own choice; a dead letter is woken by hand.
        wait_until("the mail", lambda: wake_dead_letters(setting) or setting.smtp.links_to(owner))
        self.arrives_once(setting, owner, "when the login is right again")

    def kill_before_delivery(self, setting):
        owner = setting.owner_forgets("killed@example.com")
        setting.server.kill()
        self.checks.equal("nothing was delivered before the kill", setting.smtp.mails(), [])
        setting.smtp.switch("accept")
        setting.server.start()
        self.arrives_once(setting, owner, "after kill -9 between answer and delivery")

    def kill_inside_delivery(self, setting):
        owner = setting.owner_forgets("halfway@example.com")
        first = wait_until("a delivery under way", lambda: setting.smtp.mails(kind="stalled"))[0]
        setting.server.kill()
        setting.smtp.switch("accept")
        setting.server.start()
        mail = setting.smtp.wait_for_link(owner)[0]
        self.checks.equal("after kill -9 in a delivery the link is the same", mail.link, first.link)
        self.checks.equal("after kill -9 in a delivery the Message-ID is the same", mail.message_id, first.message_id)
        done = setting.post("reset-password", {"token": mail.token, "password": "SecondPass456!"})
        self.checks.equal("the link of the second copy works", done.status, 200, done)


def wake_dead_letters(setting):
    """Retries every dead letter; does nothing when there is none."""
    for row in filter(settings.outbox_is_dead, setting.server.outbox()):
        setting.server.run([*settings.OUTBOX_RETRY, str(row["id"])])
