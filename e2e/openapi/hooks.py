"""What schemathesis cannot know from the document: how to prove who calls, and what else must hold."""

import itertools
import json
import os
import urllib.error
import urllib.request

import schemathesis

SERVER = os.environ["MINBIL_TEST_SERVER"]
EMAIL = os.environ["MINBIL_TEST_EMAIL"]
PASSWORD = os.environ["MINBIL_TEST_PASSWORD"]
SEEN = os.environ["MINBIL_TEST_SEEN"]
API = f"{SERVER}/api/co/auth"
NUMBERS = itertools.count()


def _post(path, fields):
    request = urllib.request.Request(
        f"{API}/{path}", json.dumps(fields).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def _access_token(email):
    return _post("sign-in", {"email": email, "password": PASSWORD})["access_token"]


class _Bearer:
    """A fresh session for each case, because a case may end the one it has."""

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.auth(refresh_interval=None).apply_to(path_regex="/(refresh|sign-out|me|sessions)(/|$)")
class OfTheDemoAccount(_Bearer):
    def get(self, case, context):
        return _access_token(EMAIL)


@schemathesis.auth(refresh_interval=None).apply_to(path_regex="/change-password$")
class OfAnAccountOfItsOwn(_Bearer):
    """The document's example changes the sample password, and works once for each account."""

    def get(self, case, context):
        email = f"changes.{os.getpid()}.{next(NUMBERS)}@example.com"
        _post("sign-up", {"email": email, "password": PASSWORD})
        return _access_token(email)


@schemathesis.hook
def after_call(context, case, response):
    """Notes what was answered, so that the suite can tell what was never tried."""
    if case.method.upper() != case.operation.method.upper():
        return  # A method that the call does not have.
    operation = case.operation.definition.raw["operationId"]
    with open(SEEN, "a", encoding="utf-8") as seen:
        seen.write(f"{operation} {response.status_code}\n")


@schemathesis.check
def valid_fields_are_valid(context, response, case):
    """A request that the document allows is never refused for the form of its fields."""
    if response.status_code != 400 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    code = response.json()["code"]
    assert code not in ("validation_failed", "malformed_json"), f"a valid request was answered with {code}"
