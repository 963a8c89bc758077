#!/usr/bin/env python3
"""A small SMTP server that misbehaves on request: refuses, stalls, drops the line, shows a wrong certificate.

It is a process of its own, so that the server under test meets a real peer over real sockets. It speaks EHLO, HELO,
STARTTLS, AUTH PLAIN and LOGIN, MAIL, RCPT, DATA, RSET, NOOP and QUIT (RFC 5321, 3207, 4954). A line `mode NAME` on
standard input changes the mode for everything that follows and is answered with `now NAME`; the end of standard
input ends the process. Each thing that happens is one JSON line of the journal.
"""

import argparse
import asyncio
import base64
import json
import ssl
import sys

MODES = (
    "accept",  # A good mail server.
    "closed",  # Nothing listens: a connection is refused.
    "busy-recipient",  # 450 at RCPT: come again later.
    "unknown-recipient",  # 550 at RCPT: never.
    "refused-login",  # 535 at AUTH.
    "stall",  # The whole mail is read and never answered.
    "drop-after-dot",  # The whole mail is taken, and the line drops before the answer.
    "no-starttls",  # STARTTLS is neither offered nor accepted.
    "wrong-name",  # A certificate of the trusted authority, but for another host.
    "unknown-authority",  # A certificate for the right host that nobody vouches for.
)
LONGEST_MAIL = 10 * 1024 * 1024


class Journal:
    """Appends one JSON line for each event."""

    def __init__(self, path):
        self._file = open(path, "a", encoding="utf-8", buffering=1)

    def write(self, event, **facts):
        self._file.write(json.dumps({"event": event, **facts}) + "\n")


class MailServer:
    """The listener, its mode, its certificates and the one account it knows."""

    def __init__(self, options):
        self.options = options
        self.journal = Journal(options.journal)
        self.mode = options.mode
        self.listener = None

    def tls_context(self):
        """The certificate that the present mode shows."""
        stem = {"wrong-name": "wrong-name", "unknown-authority": "unknown-authority"}.get(self.mode, "right")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{self.options.certificates}/{stem}.pem", f"{self.options.certificates}/{stem}.key")
        return context

    async def switch(self, mode):
        """Makes `mode` the present one; opens or closes the listener where that changes."""
        self.mode = mode
        if self.listener is not None and (mode == "closed" or self.options.implicit_tls):
            self.listener.close()
            self.listener = None
        if self.listener is None and mode != "closed":
            context = self.tls_context() if self.options.implicit_tls else None
            self.listener = await asyncio.start_server(
                self.serve, "127.0.0.1", self.options.port, ssl=context, reuse_address=True
            )
        self.journal.write("mode", mode=mode)

    async def serve(self, reader, writer):
        session = Session(self, reader, writer)
        self.journal.write("connection", mode=self.mode)
        try:
            await session.run()
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError, TimeoutError) as error:
            self.journal.write("broken", why=f"{type(error).__name__}: {error}")
        finally:
            writer.close()


class Session:
    """One connection: what the client has said so far."""

    def __init__(self, server, reader, writer):
        self.server = server
        self.reader = reader
        self.writer = writer
        self.tls = server.options.implicit_tls
        self.user = None
        self.sender = None
        self.recipients = []

    async def run(self):
        await self.say("220 mail.example.com ready")
        while True:
            line = (await self.reader.readline()).decode("utf-8", errors="replace")
            if not line:
                return
            verb, _, argument = line.strip().partition(" ")
            verb = verb.upper()
            self.server.journal.write("command", verb=verb, tls=self.tls)
            answer = getattr(self, f"on_{verb.lower()}", None)
            if answer is None:
                await self.say("500 5.5.2 unknown command")
            elif await answer(argument) == "end":
                return

    async def say(self, *lines):
        for line in lines:
            self.writer.write(line.encode() + b"\r\n")
        await self.writer.drain()

    async def on_helo(self, _):
        await self.say("250 mail.example.com")

    async def on_ehlo(self, _):
        extensions = ["8BITMIME", "SMTPUTF8", f"SIZE {LONGEST_MAIL}"]
        if not self.tls and self.server.mode != "no-starttls":
            extensions.append("STARTTLS")
        if self.server.options.user and (self.tls or self.server.options.plain_login):
            extensions.append("AUTH PLAIN LOGIN")
        names = ["mail.example.com", *extensions]
        await self.say(*(f"250-{name}" for name in names[:-1]), f"250 {names[-1]}")

    async def on_starttls(self, _):
        if self.tls or self.server.mode == "no-starttls":
            await self.say("502 5.5.1 not offered")
            return
        await self.say("220 2.0.0 go ahead")
        await self.writer.start_tls(self.server.tls_context())
        self.tls, self.user, self.sender, self.recipients = True, None, None, []
        self.server.journal.write("tls")

    async def on_auth(self, argument):
        mechanism, _, first = argument.partition(" ")
        if mechanism.upper() == "PLAIN":
            _, user, password = decoded(first or await self.ask("")).split("\0")
        elif mechanism.upper() == "LOGIN":
            user = decoded(first or await self.ask("Username:"))
            password = decoded(await self.ask("Password:"))
        else:
            await self.say("504 5.5.4 unknown mechanism")
            return
        options = self.server.options
        right = (user, password) == (options.user, options.password) and self.server.mode != "refused-login"
        self.server.journal.write("login", mechanism=mechanism.upper(), user=user, right=right, tls=self.tls)
        self.user = user if right else None
        await self.say("235 2.7.0 welcome" if right else "535 5.7.8 wrong user or password")

    async def ask(self, prompt):
        await self.say("334 " + base64.b64encode(prompt.encode()).decode())
        return (await self.reader.readline()).decode().strip()

    async def on_mail(self, argument):
        if self.server.options.user and self.user is None:
            await self.say("530 5.7.0 log in first")
            return
        self.sender, self.recipients = address_in(argument), []
        await self.say("250 2.1.0 sender fine")

    async def on_rcpt(self, argument):
        if self.sender is None:
            await self.say("503 5.5.1 MAIL comes first")
        elif self.server.mode == "busy-recipient":
            await self.say("450 4.2.0 mailbox busy, try again later")
        elif self.server.mode == "unknown-recipient":
            await self.say("550 5.1.1 no such mailbox")
        else:
            self.recipients.append(address_in(argument))
            await self.say("250 2.1.5 recipient fine")

    async def on_data(self, _):
        if not self.recipients:
            await self.say("503 5.5.1 RCPT comes first")
            return None
        await self.say("354 end with a dot")
        data = await self.read_mail()
        mode = self.server.mode
        self.server.journal.write(
            "stalled" if mode == "stall" else "mail", sender=self.sender, to=self.recipients, tls=self.tls,
            user=self.user, answered=mode not in ("stall", "drop-after-dot"), data=data.decode("latin-1"),
        )
        if mode == "stall":
            # Silence until the client gives up.
            await self.reader.read()
            return "end"
        if mode == "drop-after-dot":
            self.writer.transport.abort()
            return "end"
        self.sender, self.recipients = None, []
        await self.say("250 2.0.0 taken")
        return None

    async def read_mail(self):
        """The lines up to the single dot, with dot-stuffing undone (RFC 5321 section 4.5.2)."""
        lines = []
        while True:
            line = await self.reader.readline()
            if not line:
                raise ConnectionError("the line dropped inside DATA")
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)

    async def on_rset(self, _):
        self.sender, self.recipients = None, []
        await self.say("250 2.0.0 forgotten")

    async def on_noop(self, _):
        await self.say("250 2.0.0 here")

    async def on_quit(self, _):
        await self.say("221 2.0.0 goodbye")
        return "end"


def decoded(text):
    return base64.b64decode(text).decode()


def address_in(argument):
    """The address between the angle brackets of MAIL FROM:<…> or RCPT TO:<…>."""
    return argument.partition("<")[2].partition(">")[0]


async def obey(server):
    """Switches modes as standard input says, until it ends."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        _, _, mode = line.strip().partition(" ")
        if mode not in MODES:
            print(f"unknown mode {mode!r}; the modes are {', '.join(MODES)}", flush=True)
            continue
        await server.switch(mode)
        print(f"now {mode}", flush=True)


async def serve(options):
    server = MailServer(options)
    await server.switch(options.mode)
    print(f"now {options.mode}", flush=True)
    await obey(server)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--journal", required=True, help="file of JSON lines to append to")
    parser.add_argument("--certificates", required=True, help="directory with right, wrong-name, unknown-authority")
    parser.add_argument("--user", default="", help="the one account; empty: no login at all")
    parser.add_argument("--password", default="")
    parser.add_argument("--plain-login", action="store_true", help="offer AUTH without TLS too")
    parser.add_argument("--implicit-tls", action="store_true", help="TLS from the first byte (smtps)")
    parser.add_argument("--mode", choices=MODES, default="accept")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(serve(arguments()))
