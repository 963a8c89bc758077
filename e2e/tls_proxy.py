"""A small TLS-terminating proxy that plays the production host, so that the cURL snippets run unchanged.

It forwards every header as it came, but for `Host`, and adds none: the development server refuses forwarding
headers. It remembers each request, because what a snippet puts on the wire is part of the contract.
"""

import http.client
import http.server
import ssl
import threading
from dataclasses import dataclass

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding"}


@dataclass
class SeenRequest:
    """One request as it arrived; header names are lower-case."""

    method: str
    path: str
    headers: dict
    body: bytes


class RecordingHandler(http.server.BaseHTTPRequestHandler):
    """Remembers a request, then lets the server object decide the answer."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = SeenRequest(self.command, self.path, headers, self.rfile.read(length))
        self.server.seen.append(request)
        status, answer_headers, body = self.server.answer(request)
        self.send_response(status)
        for name, value in answer_headers:
            if name.lower() not in HOP_BY_HOP | {"content-length", "date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_DELETE = do_POST

    def log_message(self, *_):
        """Silent: the suite prints what was seen when a check fails."""


class RecordingServer(http.server.ThreadingHTTPServer):
    """A loopback HTTP server that remembers requests. `answer` maps a SeenRequest to (status, headers, body)."""

    daemon_threads = True

    def __init__(self, answer, leaf=None):
        super().__init__(("127.0.0.1", 0), RecordingHandler)
        self.seen = []
        self.answer = answer
        self.port = self.server_address[1]
        if leaf is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(leaf.certificate, leaf.key)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


def forward_to(port):
    """An `answer` that asks the server on `port` of loopback."""

    def answer(request):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", f"127.0.0.1:{port}")
            for name, value in request.headers.items():
                if name != "host" and name not in HOP_BY_HOP:
                    connection.putheader(name, value)
            connection.endheaders(request.body or None)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()

    return answer
