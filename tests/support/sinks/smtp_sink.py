#!/usr/bin/env python3
"""A mail server that keeps nothing but a JSON line per mail, for the demo and the end-to-end tests.
As much of RFC 5321 as a well-behaved client needs; no TLS, no authentication, loopback only."""

import argparse
import email
import email.policy
import json
import os
import socketserver
import sys
from threading import Lock

LOCK = Lock()


class Session(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write((line + "\r\n").encode())

    def handle(self):
        self.say("220 sink ESMTP")
        sender, recipients = "", []
        while True:
            line = self.rfile.readline(4096)
            if not line:
                return
            verb = line.decode("latin-1").strip()
            word = verb.split(" ", 1)[0].upper()
            if word in ("EHLO", "HELO"):
                self.say("250 sink")
            elif word == "MAIL":
                sender, recipients = verb, []
                self.say("250 ok")
            elif word == "RCPT":
                recipients.append(verb)
                self.say("250 ok")
            elif word == "DATA":
                if not recipients:
                    self.say("503 no recipient")
                    continue
                self.say("354 go on")
                self.keep(sender, recipients, self.read_message())
                self.say("250 kept")
            elif word == "QUIT":
                self.say("221 bye")
                return
            elif word in ("RSET", "NOOP"):
                self.say("250 ok")
            else:
                self.say("502 not here")

    def read_message(self):
        lines = []
        while True:
            line = self.rfile.readline(65536)
            if not line or line in (b".\r\n", b".\n"):
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b"..") else line)

    def keep(self, sender, recipients, raw):
        entry = parse(raw)
        entry.update(envelope_from=sender, envelope_to=recipients)
        with LOCK, open(self.server.log, "a", encoding="utf-8") as f:
            f.write(json.dumps(entry) + "\n")


def parse(raw):
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return {
        "subject": str(message["Subject"] or ""),
        "message_id": str(message["Message-ID"] or ""),
        "in_reply_to": str(message["In-Reply-To"] or ""),
        "headers": {name: str(value) for name, value in message.items()},
        "text": message.get_content() if not message.is_multipart() else "",
    }


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port, log):
        self.log = log
        super().__init__(("127.0.0.1", port), Session)


def selftest():
    got = parse(b"Subject: =?utf-8?q?=C3=A4?=\r\nMessage-ID: <a@b>\r\n\r\nhello\r\n")
    assert got["subject"] == "\u00e4" and got["message_id"] == "<a@b>"
    assert got["text"].strip() == "hello"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file")
    parser.add_argument("--log", default="mails.jsonl")
    parser.add_argument("--selftest", action="store_true")
    options = parser.parse_args()
    if options.selftest:
        return selftest()
    server = Server(options.port, options.log)
    if options.port_file:
        with open(options.port_file + ".new", "w", encoding="ascii") as f:
            f.write(str(server.server_address[1]))
        os.replace(options.port_file + ".new", options.port_file)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
