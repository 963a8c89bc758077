"""The code of the guides, taken from the pages and run: real Node.js, real cURL, real Python."""

import json
import os
import subprocess

import html_page
import node_packages
import python_packages
import server_settings as settings
from checks import wait_until

SLUGS = (
    "from-zero-to-signed-in", "staying-signed-in", "cookies-or-tokens", "verifying-access-tokens",
    "resetting-a-password", "verifying-addresses",
)
RUST_EXAMPLE = "verify_access_token"
RUST_SOURCE = os.path.join(os.path.dirname(node_packages.HERE), "crates", "crypto", "examples", f"{RUST_EXAMPLE}.rs")
# What the browser runs, and what is a module of another block.
ELSEWHERE = {"cookie-session.js", "session.mjs"}


class GuideRunner:
    """Writes every block of the guides that names a file into one directory, and runs them there."""

    def __init__(self, suite, server):
        self.checks = suite.checks
        self.binary = suite.binary
        self.server = server
        self.python = os.path.join(python_packages.install(os.path.join(suite.root, "python")), "python")
        self.directory = os.path.join(suite.root, "node", "guides")
        os.makedirs(self.directory, exist_ok=True)
        self.blocks = {}
        for slug in SLUGS:
            for block in html_page.read(server.api.get(f"/docs/guides/{slug}").text).blocks:
                if "file" in block.data:
                    self.blocks[block.data["file"]] = block.text
        for name, text in self.blocks.items():
            with open(os.path.join(self.directory, name), "w", encoding="utf-8") as file:
                file.write(text)
        self.ran = set()

    def run(self, name, environment=None, program=None, stdin=None):
        """Runs a block."""
        self.ran.add(name)
        programs = {".mjs": "node", ".sh": "sh", ".py": self.python}
        command = program or [programs[os.path.splitext(name)[1]], os.path.join(self.directory, name)]
        return subprocess.run(
            command, cwd=self.directory, capture_output=True, text=True, timeout=120, check=False, input=stdin or "",
            env={
                "PATH": os.environ["PATH"], "HOME": self.directory,
                "MINBIL_API_BASE_URL": self.server.url, **(environment or {}),
            },
        )

    def prints(self, name, wanted, environment=None, exit_code=0, **how):
        """Runs a block and checks that it prints these lines."""
        result = self.run(name, environment, **how)
        evidence = f"{result.stdout}\n{result.stderr}\n{self.server.log_tail()}"
        self.checks.equal(f"{name} ends with exit code {exit_code}", result.returncode, exit_code, evidence)
        for line in wanted:
            self.checks.check(f"{name} prints {line!r}", line in result.stdout, evidence)

    def problem(self, name, code):
        """Runs a block that prints a problem."""
        result = self.run(name)
        printed = json.loads(result.stdout)
        self.checks.equal(f"{name} is answered {code}", printed.get("code"), code, result.stderr)


def run(suite, server):
    """Runs every block of every guide."""
    guides = GuideRunner(suite, server)
    owner = settings.DEMO_EMAIL
    guides.prints("first-steps.mjs", [f"Signed in as {owner}", f"The server knows {owner}", "Sign-out successful."])
    guides.problem("wrong-password.sh", "invalid_credentials")
    for _ in range(2):
        guides.prints("forgot-once.sh", ["If an account exists for this address"])
    guides.prints("try-session.mjs", ["20 calls, 1 refresh\n", "a lost answer: 200, 3 refreshes in all"])
    guides.problem("forced-problem.sh", "refresh_reused")
    verify_tokens(guides, server)
    reset_password(guides, server)
    verify_address(guides, server)
    not_run = guides.blocks.keys() - guides.ran - ELSEWHERE
    guides.checks.equal("every block of the guides that names a file was run", sorted(not_run), [])


def verify_tokens(guides, server):
    fields = {"email": settings.DEMO_EMAIL, "password": settings.DEMO_PASSWORD}
    session = server.api.post_json(f"{settings.API}/sign-in", fields).body
    good = {"MINBIL_ACCESS_TOKEN": session["access_token"]}
    head, claims, signature = session["access_token"].split(".")
    bad = {"MINBIL_ACCESS_TOKEN": f"{head}.{claims}.{signature[:-8]}AAAAAAAA"}
    foreign = {**good, "MINBIL_API_BASE_URL": server.url.replace("localhost", "127.0.0.1")}
    for name in ("verify.mjs", "verify.py"):
        guides.prints(name, [f"valid {session['user']['id']}"], good)
        guides.prints(name, ["refused"], bad, exit_code=1)
        guides.prints(name, ["refused"], foreign, exit_code=1)
    verify_in_rust(guides, server, session, (good, bad, foreign))


def verify_in_rust(guides, server, session, tokens):
    """The Rust block is a file of the repository, built with the rest of it."""
    name = f"{RUST_EXAMPLE}.rs"
    with open(RUST_SOURCE, encoding="utf-8") as file:
        guides.checks.equal(f"{name} is the example of the repository", guides.blocks.get(name), file.read())
    program = os.path.join(os.path.dirname(guides.binary), "examples", RUST_EXAMPLE)
    if not os.access(program, os.X_OK):
        guides.ran.add(name)
        guides.checks.skip(name, f"{program} is not built")
        return
    keys = server.api.get(f"/api/{settings.NAMESPACE}/.well-known/jwks.json").text
    wanted = [f"valid {session['user']['id']}"]
    for environment, lines, code in zip(tokens, (wanted, [], []), (0, 1, 1)):
        guides.prints(name, lines, environment, exit_code=code, program=[program], stdin=keys)


def mailed_token(server, mark):
    """The token behind a link of the development inbox. Other mails lie there too: every guide signs in anew."""
    mails = wait_until("the mail", lambda: [m for m in server.api.get("/dev/inbox.json").body if mark in m["text"]])
    return mails[0]["text"].partition(mark)[2].split()[0]


def reset_password(guides, server):
    guides.prints("forgot.mjs", ["200 If an account exists"])
    environment = {"MINBIL_RESET_TOKEN": mailed_token(server, f"{settings.PLATFORM_RESET_PAGE}#token=")}
    guides.prints("reset.mjs", ["200 Password reset successful."], environment)
    guides.prints("reset.mjs", ["400 reset_token_invalid"], environment)


def verify_address(guides, server):
    fields = {"email": "guide.reader@example.com", "password": settings.DEMO_PASSWORD}
    guides.checks.equal("the reader signs up", server.api.post_json(f"{settings.API}/sign-up", fields).status, 201)
    guides.prints("ask-again.mjs", ["202 If this address has an account"])
    environment = {"MINBIL_VERIFICATION_TOKEN": mailed_token(server, f"/verify-email/{settings.NAMESPACE}#token=")}
    guides.prints("verify-address.mjs", ["200 Email address verified."], environment)
    guides.prints("verify-address.mjs", ["400 verification_token_invalid"], environment)
