"""Every name of the server's configuration and command line that the tests use, in this one place."""

import json

DEMO_EMAIL = "owner@minbil.io"
DEMO_PASSWORD = "StrongPass123!"
NAMESPACE = "co"
API = f"/api/{NAMESPACE}/auth"
PLATFORM_RESET_PAGE = "https://platform.minbil.no/reset-password"
PRODUCTION_BASE_URL = "https://auth.example.com"
OWN_RESET_PATH = f"/reset-password/{NAMESPACE}"

LISTEN = "MINBIL_AUTH_LISTEN"
BASE_URL = "MINBIL_AUTH_BASE_URL"
MODE = "MINBIL_AUTH_MODE"
DATA_DIR = "MINBIL_AUTH_DATA_DIR"
DATABASE_URL = "MINBIL_AUTH_DATABASE__URL"
ROOT_KEY_FILE = "MINBIL_AUTH_ROOT_KEY_FILE"
LIMITS_ENABLED = "MINBIL_AUTH_LIMITS__ENABLED"
METRICS_LISTEN = "MINBIL_AUTH_HTTP__METRICS_LISTEN"
SMTP_URL = "MINBIL_AUTH_MAIL__SMTP_URL"
MAIL_CA_FILE = "MINBIL_AUTH_MAIL__CA_FILE"
EMAIL_VERIFICATION = "MINBIL_AUTH_NAMESPACES__CO__EMAIL_VERIFICATION"
DOCS_CONSOLE = "MINBIL_AUTH_DOCS__CONSOLE"
MAIL_FROM = "MINBIL_AUTH_MAIL__FROM"
# An SMTP server that stalls is given up this soon, so that the tests need not wait for the defaults.
IMPATIENT_MAIL = {
    "MINBIL_AUTH_MAIL__RETRY_BASE_SECONDS": "1",
    "MINBIL_AUTH_MAIL__CONNECT_TIMEOUT_SECONDS": "3",
    "MINBIL_AUTH_MAIL__COMMAND_TIMEOUT_SECONDS": "3",
    "MINBIL_AUTH_MAIL__DELIVERY_TIMEOUT_SECONDS": "6",
}

# Everything comes from one network address here.
WIDE_LIMITS = {
    "MINBIL_AUTH_LIMITS__SIGN_UP_ADDRESS_BURST": "1000",
    "MINBIL_AUTH_LIMITS__FORGOT_PASSWORD_ADDRESS_BURST": "1000",
    "MINBIL_AUTH_LIMITS__RESET_ADDRESS_BURST": "1000",
}

SERVE = ["serve"]
SERVE_DEMO = ["serve", "--demo"]
OUTBOX_LIST = ["outbox", "list", "--json"]
OUTBOX_RETRY = ["outbox", "retry"]
KEY_NEW_ROOT = ["key", "new-root"]

# To a loopback host smtp:// is plain text unless the URL insists on STARTTLS.
SMTP_STARTTLS_SUFFIX = "?tls=required"
SMTP_PLAIN_SUFFIX = "?tls=none"


def loopback_listeners(port):
    """Both loopback addresses, because `localhost` is the IPv6 one first for Node."""
    return f"127.0.0.1:{port},[::1]:{port}"


def outbox_rows(printed):
    """The rows that `outbox list --json` printed, one object a line: every mail that is not delivered."""
    return [json.loads(line) for line in printed.splitlines() if line.strip()]


def outbox_attempts(row):
    """How many delivery attempts were begun for a row."""
    return row["attempts"]


def outbox_is_dead(row):
    """Whether the worker gave a row up."""
    return row["state"] == "dead"
