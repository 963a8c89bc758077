"""A small HTTP client that sends exactly what a test says: no header is added behind its back."""

import http.client
import json
from dataclasses import dataclass, field

TIMEOUT_SECONDS = 30


@dataclass
class Answer:
    """What the server answered. `body` is the parsed JSON, or None when it was not JSON."""

    status: int
    headers: dict = field(repr=False)
    text: str
    body: object = field(repr=False)


class ApiClient:
    """Speaks to one server over plain HTTP, a new connection for each request."""

    def __init__(self, address, port, host=None):
        self.address = address
        self.port = port
        self.host = host or f"localhost:{port}"

    def send(self, method, path, headers=None, body=None):
        """Sends one request. Without a body there is no Content-Length and no Content-Type either."""
        connection = http.client.HTTPConnection(self.address, self.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", self.host)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            text = response.read().decode("utf-8", errors="replace")
            lowered = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, lowered, text, parsed_or_none(text))
        finally:
            connection.close()

    def get(self, path, headers=None):
        return self.send("GET", path, headers)

    def post_json(self, path, fields, headers=None):
        """Posts one JSON object."""
        body = json.dumps(fields).encode()
        return self.send("POST", path, {"Content-Type": "application/json", **(headers or {})}, body)


def parsed_or_none(text):
    """The JSON value in `text`, or None."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def bearer(token):
    """The header with which a caller proves itself."""
    return {"Authorization": f"Bearer {token}"}
