"""The OpenAPI document, taken at its word: linted, made into a client that is used, and held against every answer."""

import json
import os
import shutil
import subprocess

import node_packages
import python_packages
import server_settings as settings
from auth_server import AuthServer, fresh_directory
from checks import Checks
from shared_database import SharedDatabase

SOURCES = os.path.join(node_packages.HERE, "openapi")
CLIENT_FILES = ("journey.ts", "tsconfig.json")
# How many requests schemathesis makes up for each call, beside the examples and the edge cases of each schema.
EXAMPLES_MAX = 25
# It takes an API key, which is welcome and not needed, for the proof: a good access token beside a made-up key lets its user in. That no
# call lets anybody in without proof is a test of its own (server/tests/it/by_construction.rs).
EXCLUDED_CHECK = "ignored_auth"
# What no request that is made up can reach: a mailed token is needed.
NEVER_SUCCEEDS = {"coResetPassword", "coVerifyEmail"}


class OpenapiSuite:
    """Holds what every part needs: the counter, the server, the directory, the packages."""

    def __init__(self, binary, work):
        self.checks = Checks("openapi")
        self.binary = binary
        self.work = fresh_directory(os.path.join(work, "openapi"))
        self.node = node_packages.install(os.path.join(work, "node"))
        self.programs = python_packages.install(os.path.join(work, "python"))
        self.document_path = os.path.join(self.work, "openapi.json")

    def run(self):
        """Runs every part; true when nothing failed."""
        self.against(
            "embedded", {},
            ("the document", self.document),
            ("the linter", self.lint),
            ("the generated client", self.client),
            ("every answer", self.answers),
        )
        with SharedDatabase() as database:
            shared = {settings.DATABASE_URL: database.url}
            self.against("PostgreSQL", shared, ("every answer, on PostgreSQL", self.answers))
        return self.checks.close()

    def against(self, store, environment, *parts):
        """Runs parts against a server on one of the stores."""
        # The limits have tests of their own; here they would only hide what lies behind them.
        environment = {settings.LIMITS_ENABLED: "false", **environment}
        directory = os.path.join(self.work, f"server-{store}")
        with AuthServer(self.binary, directory, settings.SERVE_DEMO, environment) as server:
            for name, part in parts:
                self.checks.scenario(name, part, server, evidence=server.log_tail)
            self.checks.equal(f"{store}: the server ends cleanly", server.stop(), 0, server.log_tail)

    def document(self, server):
        answer = server.api.get("/openapi.json")
        self.checks.equal("the document is served", answer.status, 200, answer.text)
        with open(self.document_path, "w", encoding="utf-8") as file:
            file.write(answer.text)
        printed = server.run(["openapi"])
        self.checks.check("the command prints what is served", json.loads(printed.stdout) == answer.body, printed.stderr)

    def lint(self, _):
        result = self.node_tool(
            "redocly", "lint", self.document_path, "--config", os.path.join(SOURCES, "redocly.yaml"),
            "--format", "stylish",
        )
        self.checks.equal("the linter finds nothing", result.returncode, 0, lambda: result.stdout + result.stderr)

    # --- a client that knows nothing but the document --------------------------------------------------------

    def client(self, server):
        # Node and the compiler look for packages from where a file lies.
        place = fresh_directory(os.path.join(self.node, "openapi-client"))
        for name in CLIENT_FILES:
            shutil.copyfile(os.path.join(SOURCES, name), os.path.join(place, name))
        types = os.path.join(place, "document.d.ts")
        made = self.node_tool("openapi-typescript", self.document_path, "--output", types)
        if not self.checks.equal("a client is generated", made.returncode, 0, lambda: made.stdout + made.stderr):
            return
        built = self.node_tool("tsc", "--project", place)
        if not self.checks.equal("it compiles", built.returncode, 0, lambda: built.stdout + built.stderr):
            return
        script = os.path.join(place, "built", "journey.js")
        used = self.execute(["node", script, server.url, settings.DEMO_EMAIL, settings.DEMO_PASSWORD])
        self.checks.equal("its journey comes to its end", used.returncode, 0, lambda: used.stdout + used.stderr)
        for line in used.stdout.splitlines():
            self.checks.check(f"the client: {line.removeprefix('held: ')}", line.startswith("held: "), line)

    # --- requests that are made up, and whether the document describes what comes back -------------------------

    def answers(self, server):
        seen_path = os.path.join(server.directory, "answers-seen.txt")
        environment = {
            "MINBIL_TEST_SERVER": server.url,
            "MINBIL_TEST_EMAIL": settings.DEMO_EMAIL,
            "MINBIL_TEST_PASSWORD": settings.DEMO_PASSWORD,
            "MINBIL_TEST_SEEN": seen_path,
            "SCHEMATHESIS_HOOKS": "hooks",
            "PYTHONPATH": SOURCES,
        }
        # The seed makes two runs of one commit the same run.
        result = self.execute(
            [
                os.path.join(self.programs, "schemathesis"), "--config-file",
                os.path.join(SOURCES, "schemathesis.toml"), "run", self.document_path, "--url", server.url,
                "--checks", "all", "--exclude-checks", EXCLUDED_CHECK, "--max-examples", str(EXAMPLES_MAX), "--seed", "1",
                "--continue-on-failure", "--no-color",
            ],
            environment, cwd=self.work,
        )
        printed = lambda: result.stdout + result.stderr  # noqa: E731
        self.checks.equal("schemathesis finds nothing", result.returncode, 0, printed)
        seen = self.seen(seen_path)
        for operation, statuses in sorted(self.documented().items()):
            tried = seen.get(operation, set())
            self.checks.check(f"{operation} was called", bool(tried), printed)
            self.checks.check(f"{operation} answers nothing else", tried <= statuses, f"{tried - statuses}")
            if operation not in NEVER_SUCCEEDS:
                succeeded = any(status.startswith("2") for status in tried)
                self.checks.check(f"{operation} succeeded at least once", succeeded, sorted(tried))

    def documented(self):
        """The statuses that the document names for each call."""
        with open(self.document_path, encoding="utf-8") as file:
            paths = json.load(file)["paths"]
        calls = [call for methods in paths.values() for call in methods.values()]
        return {call["operationId"]: set(call["responses"]) for call in calls}

    @staticmethod
    def seen(path):
        """The statuses that were answered, by call."""
        seen = {}
        with open(path, encoding="utf-8") as file:
            for line in file:
                operation, status = line.split()
                seen.setdefault(operation, set()).add(status)
        return seen

    # --- programs ----------------------------------------------------------------------------------------------

    def node_tool(self, name, *arguments):
        return self.execute([os.path.join(self.node, "node_modules", ".bin", name), *arguments])

    def execute(self, command, environment=None, cwd=None):
        """Runs a program that is told nothing about us and tells nobody anything."""
        quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
        return subprocess.run(
            command, cwd=cwd or self.node, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240,
            env={"PATH": os.environ["PATH"], "HOME": self.work, **quiet, **(environment or {})}, check=False,
        )


def run(binary, work):
    """Runs the suite; true when nothing failed."""
    return OpenapiSuite(binary, work).run()
