"""The documentation at its word: every page and link, every snippet as the page shows it, every guide's code, the faults
on order, and the way of a developer through it in a real browser."""

import json
import os

import portal_faults
import portal_guides
import html_page
import server_settings as settings
from api_client import ApiClient
from auth_server import AuthServer, free_port, fresh_directory
from browser_script import BrowserScripts
from certificates import Authority
from checks import Checks, wait_until
from example_shapes import differences
from snippet_runner import LANGUAGES, PRODUCTION_HOST, SnippetRunner
from tls_proxy import RecordingServer, forward_to

REFERENCE = "/docs/api-reference/carowner/auth"
# The labels of the page, as its attributes have them.
SHOWN_AS = {"axios": "node-js-axios", "fetch": "fetch", "curl": "curl"}
IN_ORDER = ("axios", "curl", "fetch")
PAGE_BYTES_MAX = 160 * 1024


class PortalSuite:
    """Holds what every part needs: the counter, the binary, the directory, the scripts."""

    def __init__(self, binary, work):
        self.checks = Checks("portal")
        self.binary = binary
        self.root = work
        self.work = os.path.join(work, "portal")
        self.screenshots = fresh_directory(os.path.join(work, "portal-screenshots"))
        self.scripts = BrowserScripts(os.path.join(work, "node"))
        self.runner = SnippetRunner(os.path.join(work, "node"))
        self.authority = Authority(os.path.join(self.work, "authority"))
        self.called = set()
        self.leaf = self.authority.issue("production", f"DNS:{PRODUCTION_HOST}")

    def run(self):
        """Runs every part; true when nothing failed."""
        for name, part in (
            ("pages", self.pages), ("guides", self.guides), ("faults", self.faults), ("browser", self.browser),
        ):
            with self.server(name) as server:
                self.checks.scenario(name, part, server, evidence=server.log_tail)
        for language in LANGUAGES:
            self.called = set()
            with self.server(f"snippets-{language}") as server:
                self.checks.scenario(f"snippets in {language}", self.snippets, server, language, evidence=server.log_tail)
        self.checks.scenario("production", portal_faults.in_production, self)
        return self.checks.close()

    def server(self, name):
        port = free_port()
        environment = {settings.BASE_URL: f"http://localhost:{port}"}
        directory = fresh_directory(os.path.join(self.work, f"server-{name}"))
        return AuthServer(self.binary, directory, settings.SERVE_DEMO, environment, port)

    # --- every page and every link ---------------------------------------------------------------------------

    def pages(self, server):
        pages = self.crawl(server.api)
        self.checks.check("the problems, the guides and the reference are linked", len(pages) > 40, sorted(pages))
        for address, page in pages.items():
            lost = [link for link in page.links if not leads_somewhere(link, address, pages)]
            self.checks.check(f"{address}: every link leads somewhere", not lost, lost)
            foreign = [load for load in page.loads if not load.startswith("/")]
            self.checks.check(f"{address}: nothing is loaded from elsewhere", not foreign, foreign)
            self.checks.equal(f"{address}: no script and no style stands in the page", page.inline_scripts, 0)
            self.checks.equal(f"{address}: every element is closed", page.open_tags, [])
        self.weigh(server.api, pages[REFERENCE])
        nothing = server.api.get("/docs/problems/nothing")
        self.checks.equal("what is not there is a problem", (nothing.status, nothing.body["code"]), (404, "not_found"))
        front = server.api.get("/")
        self.checks.equal("/ leads to the documentation", (front.status, front.headers["location"]), (303, "/docs"))

    def crawl(self, api):
        """Every page that can be reached from the index, by address."""
        pages, waiting = {}, ["/docs"]
        while waiting:
            address = waiting.pop()
            if address in pages:
                continue
            answer = api.get(address)
            self.checks.equal(f"{address} answers", answer.status, 200, answer)
            known = api.get(address, {"If-None-Match": answer.headers["etag"]})
            self.checks.equal(f"{address} answers 304 to who has it", (known.status, known.text), (304, ""))
            head = api.send("HEAD", address)
            self.checks.equal(f"{address} answers HEAD alike", head_of(head), head_of(answer))
            pages[address] = html_page.read(answer.text)
            linked = [link.partition("#")[0] for link in pages[address].links]
            waiting += [link for link in linked if link.startswith("/docs") and not link.startswith("/docs/console")]
        return pages

    def weigh(self, api, page):
        """The page with all that it loads, as it is without compression."""
        loads = {load: len(api.get(load).text.encode()) for load in set(page.loads)}
        total = len(api.get(REFERENCE).text.encode()) + sum(loads.values())
        self.checks.check("the page of a namespace is light", total < PAGE_BYTES_MAX, f"{total} bytes; {loads}")

    # --- the snippets, as the page shows them ----------------------------------------------------------------

    def snippets(self, server, language):
        page = html_page.read(server.api.get(REFERENCE).text)
        with RecordingServer(forward_to(server.port), self.leaf) as proxy:
            environment = {"MINBIL_API_BASE_URL": server.url}
            if language == "curl":
                environment = self.runner.curl_home(os.path.join(self.work, "curl-home"), proxy.port, self.authority)
            self.call_everything(server, page, language, environment)

    def call_everything(self, server, page, language, environment):
        """Every endpoint that has snippets, in an order in which each finds what it needs."""
        known = dict(environment)

        def call(endpoint):
            body = self.snippet(page, endpoint, language, known)
            if "access_token" in body:
                known["MINBIL_ACCESS_TOKEN"] = body["access_token"]
            return body

        call("sign-in")
        call("sign-in")
        call("me")
        sessions = call("sessions")["sessions"]
        known["MINBIL_SESSION_ID"] = next(session["id"] for session in sessions if not session["current"])
        for endpoint in ("sessions-id", "refresh", "change-password", "sign-out", "sign-up", "forgot-password"):
            call(endpoint)
        known["MINBIL_RESET_TOKEN"] = self.mailed_token(server, "mbp1_")
        call("reset-password")
        # The reset has proved the demo account's address, so it is the new account that waits for its proof.
        self.new_owner_asks(server)
        known["MINBIL_VERIFICATION_TOKEN"] = self.mailed_token(server, "mbv1_")
        call("verify-email")
        call("resend-verification")
        shown = {block.data["operation"] for block in page.blocks if "language" in block.data}
        self.checks.equal(f"every endpoint's snippet in {language} was run", shown - self.called, set())

    def mailed_token(self, server, prefix):
        """The newest token of a kind in the development inbox."""
        mark = f"#token={prefix}"
        mails = wait_until("the mail", lambda: [m for m in server.api.get("/dev/inbox.json").body if mark in m["text"]])
        return prefix + mails[0]["text"].partition(mark)[2].split()[0]

    def new_owner_asks(self, server):
        """The account that the sign-up snippet made waits for its proof."""
        answer = server.api.post_json(f"{settings.API}/resend-verification", {"email": "new.owner@example.com"})
        self.checks.equal("asking for a verification mail answers 202", answer.status, 202, answer)

    def snippet(self, page, endpoint, language, environment):
        self.called.add(endpoint)
        label = f"the snippet of {endpoint} in {language}"
        shown = [block.data["language"] for block in page.code(operation=endpoint) if "language" in block.data]
        self.checks.equal(f"{endpoint} shows its snippets in order", shown, [SHOWN_AS[one] for one in IN_ORDER])
        [block] = page.code(operation=endpoint, language=SHOWN_AS[language])
        self.runner.replace(endpoint, language, block.text)
        printed = self.runner.run(endpoint, language, environment)
        [answer] = [block for block in page.code(operation=endpoint) if "response" in block.data]
        self.checks.equal(f"{label} answers as the page says", str(printed.status), answer.data["response"], printed)
        found = differences(json.loads(answer.text), printed.body)
        self.checks.equal(f"{label} answers what the page's example is", found, [], printed)
        return printed.body if isinstance(printed.body, dict) else {}

    # --- the rest --------------------------------------------------------------------------------------------

    def guides(self, server):
        portal_guides.run(self, server)

    def faults(self, server):
        portal_faults.run(self.checks, ApiClient("127.0.0.1", server.port))

    def browser(self, server):
        guide = html_page.read(server.api.get("/docs/guides/cookies-or-tokens").text)
        [cookie_session] = guide.code(file="cookie-session.js")
        options = {
            "reference": REFERENCE,
            "namespace": settings.NAMESPACE,
            "email": settings.DEMO_EMAIL,
            "cookieSession": cookie_session.text,
            "screenshots": self.screenshots,
        }
        result = self.scripts.run("portal_journey.mjs", server, options)
        self.scripts.read(result, "the walk", self.checks, server)


def head_of(answer):
    """The headers that tell a reader about the document, and the length of what is or would be there."""
    wanted = ("content-type", "content-length", "etag", "cache-control", "content-security-policy", "vary")
    return answer.status, {name: answer.headers.get(name) for name in wanted}


def leads_somewhere(link, here, pages):
    """Whether a link leads to a place that exists: another site's, one that is no page of the documentation, or an id."""
    address, _, fragment = link.partition("#")
    if not address.startswith("/docs") and address != "":
        return address.startswith(("https://", "/openapi.json", "/dev/inbox"))
    if address.startswith("/docs/console"):
        return True
    page = pages.get(address or here)
    return page is not None and (fragment == "" or fragment in page.ids)


def run(binary, work):
    """Runs the suite; true when nothing failed."""
    return PortalSuite(binary, work).run()
