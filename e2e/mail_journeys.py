"""What mails say, whom they reach, by which roads they travel, and what their links do."""

import html
import re

import answer_shapes as shapes
import server_settings as settings
from api_client import bearer
from auth_server import ServerDidNotStart
from checks import wait_until
from mail_setting import FIRST_PASSWORD
from smtp_process import USER

NEW_PASSWORD = "SecondPass456!"
OWN_RESET_PAGE = settings.PRODUCTION_BASE_URL + settings.OWN_RESET_PATH
PLAIN_LOGIN = ("--plain-login",)


class MailJourneys:
    """The scenarios in which the mail server does its part."""

    def __init__(self, checks):
        self.checks = checks

    def scenarios(self):
        """(name, options of the setting, steps) of each."""
        return [
            ("a-mail-arrives", {}, self.a_mail_arrives),
            ("links-lead-where-asked", {}, self.links_lead_where_asked),
            ("a-link-resets", {}, self.a_link_resets),
            (
                "smtps",
                {"smtp_options": ("--implicit-tls",), "url": {"scheme": "smtps", "suffix": ""}},
                self.implicit_tls,
            ),
            (
                "plain-loopback",
                {"mode": "no-starttls", "smtp_options": PLAIN_LOGIN, "url": {"suffix": settings.SMTP_PLAIN_SUFFIX}},
                self.plain_loopback,
            ),
        ]

    def a_mail_arrives(self, setting):
        nobody = "nobody@example.com"
        unknown = setting.forgot(nobody)
        known = setting.forgot(setting.sign_up("reader@example.com"))
        seen = [(answer.status, answer.body, sorted(answer.headers)) for answer in (unknown, known)]
        self.checks.equal("an unknown address is answered like a known one", seen[0], seen[1])
        mail = setting.smtp.wait_for_link("reader@example.com")[0]
        self.checks.equal("the mail went to one recipient", mail.to, ["reader@example.com"])
        self.checks.check("the mail went over TLS", mail.tls, setting.evidence)
        self.checks.equal("the server logged in first", mail.user, USER)
        self.checks.equal("the envelope names the sender", mail.sender, "no-reply@minbil.no")
        message = mail.message
        people = [[(one.display_name, one.addr_spec) for one in message[name].addresses] for name in ("From", "To")]
        wanted = [[("Minbil", "no-reply@minbil.no")], [("", "reader@example.com")]]
        self.checks.equal("From is as configured, To is the owner", people, wanted)
        self.checks.check("there is a Subject", (message["Subject"] or "").strip(), message.as_string)
        self.checks.check("there is a Date", message["Date"], message.as_string)
        formed = re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+>", mail.message_id or "")
        self.checks.check("there is a Message-ID", formed, mail.message_id)
        self.checks.equal("there are a text and an HTML part", message.get_content_type(), "multipart/alternative")
        markup = mail.part("html")
        in_both = mail.link in html.unescape(markup)
        self.checks.check("both parts carry the same link", in_both, lambda: f"{mail.link}\n{markup}")
        loaded = re.findall(r"<(?:img|script|link|iframe)\b[^>]*|url\([^)]*\)", markup)
        self.checks.check("the HTML part loads nothing", not loaded, loaded)
        setting.wait_until_nothing_is_owed()
        self.checks.equal("nothing was sent to the unknown address", setting.smtp.mails(nobody), [])

    def links_lead_where_asked(self, setting):
        asked = {
            "platform": (settings.PLATFORM_RESET_PAGE, "en", settings.PLATFORM_RESET_PAGE),
            "norwegian": (settings.PLATFORM_RESET_PAGE, "nb-NO,nb;q=0.9", settings.PLATFORM_RESET_PAGE),
            "own": (None, "en", OWN_RESET_PAGE),
        }
        found = {}
        for name, (redirect_to, language, base) in asked.items():
            email = setting.sign_up(f"{name}@example.com")
            setting.forgot(email, redirect_to, language)
            found[name] = setting.smtp.wait_for_link(email)[0]
            wanted = re.fullmatch(re.escape(base) + r"#token=[A-Za-z0-9_.~-]+", found[name].link)
            self.checks.check(f"the link of {name} leads to {base}", wanted, found[name].link)
        subjects = {name: str(mail.message["Subject"]) for name, mail in found.items()}
        self.checks.check("the Norwegian mail is in Norwegian", subjects["norwegian"] != subjects["platform"], subjects)
        refused = "https://platform.minbil.no.evil.example/reset-password"
        for email in ("platform@example.com", "nobody@example.com"):
            answer = setting.forgot(email, refused)
            faults = shapes.problem_faults(answer.body, 400, "redirect_not_allowed")
            self.checks.equal(f"another target is refused for {email}", (answer.status, faults), (400, []), answer)

    def a_link_resets(self, setting):
        email = setting.sign_up("resetter@example.com")
        before = setting.post("sign-in", {"email": email, "password": FIRST_PASSWORD})
        self.checks.equal("the first password signs in", before.status, 200, before)
        setting.forgot(email)
        mail = setting.smtp.wait_for_link(email)[0]
        page = setting.server.api.get(settings.OWN_RESET_PATH)
        self.checks.equal("opening the reset page uses nothing up", page.status, 200, page)
        done = setting.post("reset-password", {"token": mail.token, "password": NEW_PASSWORD})
        evidence = lambda: f"{done}\n{setting.evidence()}"  # noqa: E731
        self.checks.equal("the mailed token sets a new password", done.status, 200, evidence)
        proofs = {"refresh token": {"refresh_token": before.body["refresh_token"]}, "access token": {}}
        for name, fields in proofs.items():
            headers = {} if fields else bearer(before.body["access_token"])
            answer = setting.post("refresh", fields, headers)
            self.checks.equal(f"the session before it is over for its {name}", answer.status, 401, answer)
        old = setting.post("sign-in", {"email": email, "password": FIRST_PASSWORD})
        self.checks.equal("the old password is refused", old.status, 401, old)
        new = setting.post("sign-in", {"email": email, "password": NEW_PASSWORD})
        self.checks.equal("the new password signs in", new.status, 200, new)
        again = setting.post("reset-password", {"token": mail.token, "password": "ThirdPass789!"})
        self.checks.check("the token works once", 400 <= again.status < 500, again)
        notice = wait_until("the notice", lambda: [m for m in setting.smtp.mails(email) if not m.link])[0]
        self.checks.check("a notice without any link goes to the owner", "token=" not in str(notice.message), notice)

    def implicit_tls(self, setting):
        mail = setting.smtp.wait_for_link(setting.owner_forgets("implicit@example.com"))[0]
        self.checks.equal("smtps:// delivers over TLS, logged in", (mail.tls, mail.user), (True, USER))

    def plain_loopback(self, setting):
        mail = setting.smtp.wait_for_link(setting.owner_forgets("plain@example.com"))[0]
        self.checks.equal("tls=none delivers to a loopback host", (mail.tls, mail.user), (False, USER))
        setting.server.stop()
        setting.server.environment[settings.SMTP_URL] = "smtp://mail.example.com:25" + settings.SMTP_PLAIN_SUFFIX
        try:
            setting.server.start()
            said = None
        except ServerDidNotStart as refused:
            said = str(refused)
        refused = said is not None and "smtp_url" in said.lower() and "exit code 0" not in said
        self.checks.check("tls=none to another host is refused at the start, by the key's name", refused, said)
