"""The published answers, field by field: the exact set of names and the form of every value."""

import base64
import json
import re
from datetime import datetime, timezone

TOKEN_FIELDS = {"access_token", "refresh_token", "expires_in", "expires_at", "expires_at_unix", "token_type"}
USER_FIELDS = {"id", "email", "email_verified", "created_at", "updated_at", "last_sign_in_at"}
PROBLEM_FIELDS = {"type", "title", "status", "detail", "message", "code", "request_id"}

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WHOLE_SECONDS_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

FORGOT_MESSAGE = "If an account exists for this address, a password reset link is on its way."


def _is_text(value, pattern=None):
    return isinstance(value, str) and value != "" and (pattern is None or pattern.fullmatch(value) is not None)


def _is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _fields_differ(found, wanted):
    if not isinstance(found, dict):
        return [f"an object was wanted, this came: {found!r}"]
    faults = [f"missing field {name}" for name in sorted(wanted - found.keys())]
    return faults + [f"unpublished field {name}" for name in sorted(found.keys() - wanted)]


def _rules_broken(found, rules):
    """The names of the rules whose test fails; a test that cannot run counts as failed."""
    broken = []
    for name, holds in rules.items():
        try:
            if not holds(found):
                broken.append(name)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            broken.append(f"{name} ({type(error).__name__}: {error})")
    return broken


def jwt_part(token, index):
    """The JSON of one of the first two parts of a JWT."""
    part = token.split(".")[index]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


TOKEN_RULES = {
    "access_token is a JWT of type at+jwt": lambda b: jwt_part(b["access_token"], 0)["typ"] == "at+jwt",
    "access_token lives 3600 s": lambda b: (lambda c: c["exp"] - c["iat"] == 3600)(jwt_part(b["access_token"], 1)),
    "access_token ends at expires_at_unix": lambda b: jwt_part(b["access_token"], 1)["exp"] == b["expires_at_unix"],
    "refresh_token is opaque text": lambda b: _is_text(b["refresh_token"]) and b["refresh_token"].count(".") != 2,
    "expires_in is 3600": lambda b: _is_whole(b["expires_in"]) and b["expires_in"] == 3600,
    "expires_at is UTC in whole seconds": lambda b: _is_text(b["expires_at"], WHOLE_SECONDS_UTC),
    "expires_at_unix is a whole number": lambda b: _is_whole(b["expires_at_unix"]),
    "expires_at equals expires_at_unix": lambda b: b["expires_at_unix"]
    == datetime.strptime(b["expires_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp(),
    "token_type is bearer": lambda b: b["token_type"] == "bearer",
}

USER_RULES = {
    "user.id is a UUID": lambda b: _is_text(b["user"]["id"], UUID),
    "user.email is the address signed in with": lambda b: b["user"]["email"] == "owner@minbil.io",
    "user.email_verified is true or false": lambda b: isinstance(b["user"]["email_verified"], bool),
    "user.created_at is a UTC time": lambda b: _is_text(b["user"]["created_at"], UTC),
    "user.updated_at is a UTC time": lambda b: _is_text(b["user"]["updated_at"], UTC),
    "user.last_sign_in_at is a UTC time or null": lambda b: b["user"]["last_sign_in_at"] is None
    or _is_text(b["user"]["last_sign_in_at"], UTC),
}

PROBLEM_RULES = {
    "type is an absolute address under /docs/problems/": lambda b: re.fullmatch(
        r"https?://[^/]+/docs/problems/[a-z0-9-]+", b["type"]
    )
    is not None,
    "title is text": lambda b: _is_text(b["title"]),
    "detail is text": lambda b: _is_text(b["detail"]),
    "message equals detail": lambda b: b["message"] == b["detail"],
    "request_id is text": lambda b: _is_text(b["request_id"]),
}


def _message_is(message):
    return {f"message is {message!r}": lambda b: b["message"] == message}


def sign_in_faults(body):
    """What is wrong with a sign-in answer of the demo account; empty when nothing is."""
    faults = _fields_differ(body, TOKEN_FIELDS | {"message", "user"})
    faults += _fields_differ(body.get("user") if isinstance(body, dict) else None, USER_FIELDS)
    return faults + _rules_broken(body, {**_message_is("Login successful."), **TOKEN_RULES, **USER_RULES})


def refresh_faults(body):
    """What is wrong with a refresh answer. It has no `user`."""
    faults = _fields_differ(body, TOKEN_FIELDS | {"message"})
    return faults + _rules_broken(body, {**_message_is("Token refreshed."), **TOKEN_RULES})


def sign_out_faults(body):
    """What is wrong with a sign-out answer."""
    return _fields_differ(body, {"message"}) + _rules_broken(body, _message_is("Sign-out successful."))


def forgot_password_faults(body):
    """What is wrong with a forgot-password answer, which is the same for every address."""
    return _fields_differ(body, {"message"}) + _rules_broken(body, _message_is(FORGOT_MESSAGE))


def sign_up_faults(body):
    """What is wrong with a sign-up answer."""
    rules = {**_message_is("Registration successful."), "uid is a UUID": lambda b: _is_text(b["uid"], UUID)}
    return _fields_differ(body, {"message", "uid"}) + _rules_broken(body, rules)


def problem_faults(body, status, code):
    """What is wrong with a problem object that should carry this status and this code."""
    rules = {
        **PROBLEM_RULES,
        f"status is {status}": lambda b: b["status"] == status,
        f"code is {code}": lambda b: b["code"] == code,
    }
    return _fields_differ(body, PROBLEM_FIELDS) + _rules_broken(body, rules)
