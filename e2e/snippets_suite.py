"""The published snippets, run unchanged against the demo server, and the raw request forms they stand for."""

import json
import os

import answer_shapes as shapes
import server_settings as settings
from api_client import ApiClient, bearer
from auth_server import AuthServer, fresh_directory, port_is_free
from certificates import Authority
from checks import Checks
from snippet_runner import ENDPOINTS, LANGUAGES, PRODUCTION_HOST, SnippetRunner
from tls_proxy import RecordingServer, forward_to

DEFAULT_PORT = 5000
DEMO = {"email": settings.DEMO_EMAIL, "password": settings.DEMO_PASSWORD}
PUBLISHED_FIELDS = {
    "sign-in": DEMO,
    "refresh": None,
    "sign-out": None,
    "forgot-password": {"email": settings.DEMO_EMAIL, "redirect_to": settings.PLATFORM_RESET_PAGE},
    "sign-up": {"email": "new.owner@example.com", "password": settings.DEMO_PASSWORD},
}
REFUSAL = {"type": "https://example.com/docs/problems/refused", "title": "Refused", "status": 409, "detail": "No."}
JSON_TYPE = {"Content-Type": "application/json"}
# How the same "nothing to say" reaches the server: (what it is called, headers, body).
EMPTY_FORMS = (
    ("no body and no content type", {}, None),
    ("a body of length 0 and no content type", {}, b""),
    ("no body, with application/json", JSON_TYPE, None),
    ("a body of length 0, with application/json", JSON_TYPE, b""),
    ("{}", JSON_TYPE, b"{}"),
)


class SnippetsSuite:
    """Holds what every part needs: the counter, the binary, the directory, the runner, the authority."""

    def __init__(self, binary, work):
        self.checks = Checks("snippets")
        self.binary = binary
        self.work = os.path.join(work, "snippets")
        self.runner = SnippetRunner(os.path.join(work, "node"))
        self.authority = Authority(os.path.join(self.work, "authority"))
        self.leaf = self.authority.issue("production", f"DNS:{PRODUCTION_HOST}")

    def run(self):
        """Runs every part; true when nothing failed."""
        self.checks.scenario("what a snippet sends", self.wire_forms)
        for language in LANGUAGES:
            self.checks.scenario(f"{language} against the demo server", self.against_the_demo_server, language)
        self.checks.scenario("raw requests", self.raw_requests)
        return self.checks.close()

    def server(self, name, port=None):
        directory = os.path.join(self.work, f"server-{name}")
        return AuthServer(self.binary, fresh_directory(directory), settings.SERVE_DEMO, port=port)

    def environment_for(self, language, port):
        """How a snippet finds the server on `port`; nothing at all when its own default leads there."""
        if language == "curl" or port == DEFAULT_PORT:
            return {}
        return {"MINBIL_API_BASE_URL": f"http://localhost:{port}"}

    # --- what a snippet puts on the wire, without our server -------------------------------------------------

    def wire_forms(self):
        for language in LANGUAGES:
            for endpoint in ENDPOINTS:
                self.wire_form(endpoint, language)

    def wire_form(self, endpoint, language):
        label = f"{endpoint} in {language}"
        text = self.runner.text(endpoint, language)
        self.checks.check(f"{label} runs the published file", self.runner.is_unchanged(endpoint, language))
        self.checks.check(f"{label} leads to the published address", published_address(language) in text, text)
        if language == "axios":
            self.checks.check(f"{label} times out after 20 s", "timeout: 20_000" in text, text)
        secrets = {"MINBIL_ACCESS_TOKEN": "an-access-token", "MINBIL_API_KEY": "an-api-key"}
        request, printed = self.recorded(endpoint, language, secrets, 200, {"message": "Fine."})
        faults = wire_faults(endpoint, language, request)
        self.checks.check(f"{label} sends what is published", not faults, f"{faults}\n{request}\n{printed}")
        seen = (printed.exit_code, printed.status, printed.body)
        self.checks.equal(f"{label} prints status and body", seen, (0, 200, {"message": "Fine."}), printed)
        request, printed = self.recorded(endpoint, language, {}, 409, REFUSAL)
        self.checks.check(f"{label} sends no x-api-key unless it has one", "x-api-key" not in request.headers, request)
        self.checks.check(f"{label} fails with an exit code", printed.exit_code != 0, printed)
        seen = (printed.status, printed.body)
        self.checks.equal(f"{label} prints the status and the problem", seen, (409, REFUSAL), printed)

    def recorded(self, endpoint, language, environment, status, body):
        """Runs a snippet against a server that only remembers; returns the request and what was printed."""
        media = "application/json" if status < 400 else "application/problem+json"
        reply = (status, [("Content-Type", media)], json.dumps(body).encode())
        leaf = self.leaf if language == "curl" else None
        with RecordingServer(lambda _: reply, leaf) as recorder:
            environment = dict(environment)
            if language == "curl":
                home = os.path.join(self.work, "curl-home")
                environment |= self.runner.curl_home(home, recorder.port, self.authority)
            else:
                environment["MINBIL_API_BASE_URL"] = f"http://127.0.0.1:{recorder.port}"
            printed = self.runner.run(endpoint, language, environment)
            if len(recorder.seen) != 1:
                raise RuntimeError(f"{endpoint} in {language} sent {len(recorder.seen)} requests\n{printed}")
            return recorder.seen[0], printed

    # --- the chain a developer would try ---------------------------------------------------------------------

    def against_the_demo_server(self, language):
        port = DEFAULT_PORT if port_is_free(DEFAULT_PORT) else None
        if port is None and language != "curl":
            self.checks.skip(f"{language} without MINBIL_API_BASE_URL", f"port {DEFAULT_PORT} is taken")
        with self.server(language, port) as server:
            with RecordingServer(forward_to(server.port), self.leaf) as proxy:
                environment = self.environment_for(language, server.port)
                if language == "curl":
                    home = os.path.join(self.work, "curl-home")
                    environment |= self.runner.curl_home(home, proxy.port, self.authority)
                self.checks.scenario(
                    f"the chain in {language}", self.chain, language, environment, server, evidence=server.log_tail
                )
            self.checks.equal(f"{language}: the server ends cleanly", server.stop(), 0, server.log_tail)

    def chain(self, language, environment, server):
        def expect(endpoint, status, faults_of, more=None):
            printed = self.runner.run(endpoint, language, {**environment, **(more or {})})
            label = f"{endpoint} in {language} answers {status}"
            evidence = lambda: f"{printed}\n{server.log_tail()}"  # noqa: E731
            self.checks.equal(label, printed.status, status, evidence)
            fails = status >= 400
            self.checks.equal(f"{label}: exit code", printed.exit_code != 0, fails, evidence)
            faults = faults_of(printed.body)
            self.checks.check(f"{label} with exactly the published fields", not faults, f"{faults}\n{printed}")
            return printed.body if isinstance(printed.body, dict) else {}

        def refusal(status, code):
            return lambda body: shapes.problem_faults(body, status, code)

        expect("refresh", 401, lambda b: [] if b and b.get("status") == 401 else ["no problem printed"])
        signed_in = expect("sign-in", 200, shapes.sign_in_faults)
        token = {"MINBIL_ACCESS_TOKEN": signed_in.get("access_token", "")}
        refreshed = expect("refresh", 200, shapes.refresh_faults, token)
        newer = {"MINBIL_ACCESS_TOKEN": refreshed.get("access_token", "")}
        expect("refresh", 200, shapes.refresh_faults, newer)
        expect("sign-out", 200, shapes.sign_out_faults, newer)
        expect("refresh", 401, refusal(401, "session_revoked"), token)
        expect("forgot-password", 200, shapes.forgot_password_faults)
        expect("sign-up", 201, shapes.sign_up_faults)
        expect("sign-up", 409, refusal(409, "email_taken"))
        secrets = [*token.values(), *newer.values(), signed_in.get("refresh_token"), refreshed.get("refresh_token")]
        leaked = [secret for secret in secrets if secret and secret in server.log()]
        self.checks.check(f"{language}: no token is in the log", not leaked, leaked)

    # --- the forms of "nothing" ------------------------------------------------------------------------------

    def raw_requests(self):
        with self.server("raw") as server:
            # `localhost` is the IPv6 address first for Node, and the IPv4 one for many others.
            for address in ("127.0.0.1", "::1"):
                answer = ApiClient(address, server.port).get("/readyz")
                self.checks.equal(f"the server listens on {address}", answer.status, 200, server.log_tail)
            for label, headers, body in EMPTY_FORMS:
                for endpoint in ("refresh", "sign-out"):
                    evidence = server.log_tail
                    self.checks.scenario(
                        f"{endpoint} with {label}", self.raw, endpoint, label, headers, body, server, evidence=evidence
                    )

    def raw(self, endpoint, label, headers, body, server):
        signed_in = server.api.post_json(f"{settings.API}/sign-in", DEMO)
        self.checks.equal(f"before {endpoint} with {label}: sign-in answers 200", signed_in.status, 200, signed_in)
        self.checks.equal("sign-in is never stored", signed_in.headers.get("cache-control"), "no-store")
        proof = bearer(signed_in.body["access_token"])
        answer = server.api.send("POST", f"{settings.API}/{endpoint}", {**proof, **headers}, body)
        faults_of = shapes.refresh_faults if endpoint == "refresh" else shapes.sign_out_faults
        evidence = lambda: f"{answer}\n{server.log_tail()}"  # noqa: E731
        self.checks.equal(f"{endpoint} with {label} answers 200", answer.status, 200, evidence)
        self.checks.equal(f"{endpoint} with {label} has the published fields", faults_of(answer.body), [], evidence)
        me = server.api.get(f"{settings.API}/me", proof)
        wanted = 200 if endpoint == "refresh" else 401
        self.checks.equal(f"after {endpoint} with {label} the old access token answers", me.status, wanted, me)
        if endpoint == "refresh" and answer.status == 200:
            me = server.api.get(f"{settings.API}/me", bearer(answer.body["access_token"]))
            self.checks.equal(f"after {endpoint} with {label} the new access token answers", me.status, 200, me)


def published_address(language):
    return f"https://{PRODUCTION_HOST}/api/co/auth/" if language == "curl" else "?? 'http://localhost:5000'"


def wire_faults(endpoint, language, request):
    """How a request differs from the published form; empty when it does not."""
    fields = PUBLISHED_FIELDS[endpoint]
    headers = request.headers
    wanted_type = None if fields is None and language == "curl" else "application/json"
    wanted = {
        "method": ("POST", request.method),
        "path": (f"{settings.API}/{endpoint}", request.path),
        "accept": ("application/json", headers.get("accept")),
        "x-api-key": ("an-api-key", headers.get("x-api-key")),
        "content-type": (wanted_type, headers.get("content-type")),
        "authorization": ("Bearer an-access-token" if fields is None else None, headers.get("authorization")),
    }
    faults = [f"{name}: wanted {want!r}, sent {sent!r}" for name, (want, sent) in wanted.items() if want != sent]
    if fields is not None:
        return faults if json.loads(request.body) == fields else [*faults, f"body: {request.body!r}"]
    wanted_body = b"{}" if language == "axios" else b""
    return faults if request.body == wanted_body else [*faults, f"body: {request.body!r}"]


def run(binary, work):
    """Runs the suite; true when nothing failed."""
    return SnippetsSuite(binary, work).run()
