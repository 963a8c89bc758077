"""Faults on order: what development mode does, and that production mode does none of it."""

import http.client
import os
import time

import server_settings as settings
from auth_server import AuthServer, fresh_directory
from mail_setting import PUBLIC_HOST, write_root_key

FAULT = "X-Minbil-Fault"
DELAY_MS = 700


def sign_up(api, email, order):
    headers = {FAULT: order} if order else {}
    fields = {"email": email, "password": settings.DEMO_PASSWORD}
    return api.post_json(f"{settings.API}/sign-up", fields, headers)


def run(checks, api):
    """What development mode does."""
    try:
        sign_up(api, "lost@example.com", "drop")
        checks.check("a dropped answer never comes", False)
    except http.client.RemoteDisconnected:
        checks.check("a dropped answer never comes", True)
    again = sign_up(api, "lost@example.com", None)
    checks.equal("and its work is done", (again.status, again.body["code"]), (409, "email_taken"))
    begun = time.monotonic()
    late = sign_up(api, "late@example.com", f"delay={DELAY_MS}")
    checks.equal("a delayed answer is the same answer", late.status, 201, late.text)
    checks.check("and it is late", time.monotonic() - begun >= DELAY_MS / 1000)
    forced = sign_up(api, "never@example.com", "problem=server_busy")
    seen = (forced.status, forced.body["code"], forced.headers.get("retry-after", "").isdigit())
    checks.equal("a forced problem is answered as the real one is", seen, (503, "server_busy", True))
    checks.equal("and nothing was done", sign_up(api, "never@example.com", None).status, 201)
    wrong = sign_up(api, "wrong@example.com", "dorp")
    checks.equal("a misspelt order is refused", (wrong.status, wrong.body["code"]), (400, "validation_failed"))


def in_production(suite):
    """What production mode does not."""
    directory = fresh_directory(os.path.join(suite.work, "server-production"))
    root_key = os.path.join(directory, "root.key")
    write_root_key(suite.binary, root_key)
    environment = {
        settings.MODE: "production",
        settings.BASE_URL: settings.PRODUCTION_BASE_URL,
        settings.ROOT_KEY_FILE: root_key,
        settings.SMTP_URL: "smtp://127.0.0.1:9" + settings.SMTP_PLAIN_SUFFIX,
        settings.DOCS_CONSOLE: "false",
    }
    with AuthServer(suite.binary, directory, settings.SERVE, environment, host=PUBLIC_HOST) as server:
        answer = sign_up(server.api, "real@example.com", "problem=server_busy")
        suite.checks.equal("production: a fault that is ordered does not happen", answer.status, 201, answer.text)
        absent = ("/dev/inbox", "/dev/inbox.json", "/dev/inbox/x", "/docs/console", "/docs/console/scalar-1.76.4.js")
        for address in absent:
            answer = server.api.get(address)
            seen = (answer.status, answer.headers["content-type"])
            suite.checks.equal(f"production: {address} is not there", seen, (404, "application/problem+json"))
        page = server.api.get("/docs/api-reference/carowner/auth").text
        suite.checks.check("without a console no page leads to it", "/docs/console" not in page)
