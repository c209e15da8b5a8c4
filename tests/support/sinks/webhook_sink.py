#!/usr/bin/env python3
"""A webhook receiver for the demo and the end-to-end tests: verifies Gantry's signature, answers
with an id, recognises repeats by their Idempotency-Key, and appends one JSON line per request."""

import argparse
import hashlib
import hmac
import json
import os
import random
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock


def signature_ok(secret, timestamp, body, header):
    """Any of the signatures may match: secrets rotate."""
    wanted = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    given = [part.strip().removeprefix("v1=") for part in header.split(",")]
    return any(hmac.compare_digest(wanted, one) for one in given)


class Receiver:
    def __init__(self, log, secret, fail_rate):
        self.log, self.secret, self.fail_rate = log, secret, fail_rate
        self.lock = Lock()
        self.keys = {}

    def take(self, headers, body):
        """(status, answer) for one request."""
        if random.random() < self.fail_rate:
            return 503, {"error": "not now"}
        key = headers.get("Idempotency-Key", "")
        try:
            payload = json.loads(body)
        except ValueError:
            return 400, {"error": "no JSON"}
        with self.lock:
            duplicate = key in self.keys
            self.keys.setdefault(key, f"remote-{len(self.keys) + 1}")
            entry = {
                "key": key,
                "event": headers.get("X-Gantry-Event", ""),
                "incident": payload.get("incident", {}).get("number", ""),
                "signature_ok": signature_ok(self.secret, headers.get("X-Gantry-Timestamp", ""),
                                             body, headers.get("X-Gantry-Signature", "")),
                "duplicate": duplicate,
                "payload": payload,
            }
            with open(self.log, "a", encoding="utf-8") as f:
                f.write(json.dumps(entry) + "\n")
            return 200, {"id": self.keys[key]}


def handler_for(receiver):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body leave together: apart, the client's late ACK costs 40 ms

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            status, answer = receiver.take(self.headers, body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    return Handler


def publish_port(path, port):
    with open(path + ".new", "w", encoding="ascii") as f:
        f.write(str(port))
    os.replace(path + ".new", path)


def selftest():
    body = b'{"a":1}'
    mac = hmac.new(b"s", b"12." + body, hashlib.sha256).hexdigest()
    assert signature_ok("s", "12", body, "v1=" + mac)
    assert signature_ok("s", "12", body, "v1=00,v1=" + mac)
    assert not signature_ok("s", "13", body, "v1=" + mac)
    assert not signature_ok("t", "12", body, "v1=" + mac)
    assert not signature_ok("s", "12", body, "")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file")
    parser.add_argument("--log", default="webhooks.jsonl")
    parser.add_argument("--secret", default="")
    parser.add_argument("--fail-rate", type=float, default=0.0)
    parser.add_argument("--selftest", action="store_true")
    options = parser.parse_args()
    if options.selftest:
        return selftest()
    receiver = Receiver(options.log, options.secret, options.fail_rate)
    server = ThreadingHTTPServer(("127.0.0.1", options.port), handler_for(receiver))
    if options.port_file:
        publish_port(options.port_file, server.server_port)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
