"""A real mail server (aiosmtpd) with STARTTLS or TLS and a login. Keeps each mail as a file and says what happens.

What it prints, a line each: `ready`, `login USER yes|no`, `mail NUMBER ADDRESS`.
"""

import argparse
import asyncio
import logging
import pathlib
import ssl
import warnings

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


def say(*words):
    print(*words, flush=True)


class Keeper:
    def __init__(self, options):
        self.options = options
        self.count = 0

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address in self.options.refuse:
            return "550 5.1.1 no such user here"
        if address in self.options.later:
            return "451 4.7.1 greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        name = f"{self.count:04}.eml"
        (self.options.folder / name).write_bytes(envelope.original_content)
        for address in envelope.rcpt_tos:
            say("mail", name, address)
        return "250 2.0.0 taken"


def authenticator(options):
    def check(server, session, envelope, mechanism, data):
        wanted = LoginPassword(options.user.encode(), options.password.encode())
        good = isinstance(data, LoginPassword) and data == wanted
        say("login", data.login.decode(), "yes" if good else "no")
        return AuthResult(success=good, handled=good, message=None if good else "535 5.7.8 Error: authentication failed")

    return check


async def serve(options):
    context = None
    if options.security != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate, options.key)
    keeper = Keeper(options)
    login = options.user is not None

    def session():
        return SMTP(
            keeper,
            hostname="localhost",
            tls_context=context if options.security == "starttls" else None,
            require_starttls=options.security == "starttls",
            authenticator=authenticator(options) if login else None,
            auth_required=login,
            auth_require_tls=options.security == "starttls",
        )

    wrapped = context if options.security == "tls" else None
    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, "127.0.0.1", options.port, ssl=wrapped)
    say("ready")
    await server.serve_forever()


# Broken handshakes and logins without TLS are what the tests are about.
logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--folder", type=pathlib.Path, required=True)
parser.add_argument("--security", choices=["starttls", "tls", "none"], default="starttls")
parser.add_argument("--certificate")
parser.add_argument("--key")
parser.add_argument("--user")
parser.add_argument("--password")
parser.add_argument("--refuse", action="append", default=[])
parser.add_argument("--later", action="append", default=[])
asyncio.run(serve(parser.parse_args()))
