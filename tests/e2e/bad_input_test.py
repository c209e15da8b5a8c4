#!/usr/bin/env python3
"""Bad input of every kind against a real gantryd: a clear 4xx problem document or a closed
connection, a counter, bounded memory, and nothing lost. GANTRY_SLOW_CONNECTIONS (default 10000,
what is promised) sets how many slow connections are held at once; GANTRY_SANITIZE names the
sanitizers gantryd is built with."""

import gzip
import json
import os
import resource
import socket
import ssl
import sys
import time
import zlib

import bridge
from bridge import Bridge, Failed, say, wait_for

SLOW = int(os.environ.get("GANTRY_SLOW_CONNECTIONS", "10000"))
SANITIZERS = os.environ.get("GANTRY_SANITIZE", "")
MEMORY_BOUND_MIB = 512
INTAKE = "/api/v1/intake/generic"
GOOD = {"key": "good", "summary": "a good alert", "severity": "warning", "host": "h"}


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        for line in f:
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
    return 0


def at_most(mib, bound, what):
    if mib <= bound:
        return
    if SANITIZERS:
        say(f"  skipped: the bound of {bound} MiB for {what}; the sanitizer's own memory counts")
        return
    raise Failed(f"{what} cost {mib:.0f} MiB, {bound} are allowed")


def counters(b, prefix):
    total = 0.0
    for line in b.call("GET", "/metrics", token=None)[1].splitlines():
        if line.startswith(prefix):
            total += float(line.rsplit(" ", 1)[1])
    return total


def expect(what, answer, status):
    got, body = answer
    wanted = status if isinstance(status, tuple) else (status,)
    if got not in wanted:
        raise Failed(f"{what}: status {got}, expected {wanted}: {body}")
    if got >= 400 and not (isinstance(body, dict) and body.get("status") == got and
                           body.get("title") and body.get("detail")):
        raise Failed(f"{what}: {got} without a clear problem document: {body}")
    detail = body.get("detail", "") if isinstance(body, dict) else ""
    say(f"  {what}: {got} {detail[:90]}")


def post(b, body, token="admin", headers=None):
    return b.call("POST", INTAKE, body, token, headers)


def bad_bodies(b):
    say("bodies that are no alerts")
    refused = counters(b, "gantry_intake_refused_total")
    cases = {
        "truncated JSON": b'{"key":"k","summary":',
        "empty body": b"",
        "not JSON": b"key=k",
        "a number": b"42",
        "wrong type of key": b'{"key":7,"summary":"s"}',
        "wrong type of labels": b'{"key":"k","summary":"s","labels":["a"]}',
        "unknown severity": b'{"key":"k","summary":"s","severity":"catastrophic"}',
        "invalid UTF-8": b'{"key":"\xff\xfe","summary":"s"}',
        "lone surrogate": b'{"key":"k","summary":"\\ud800"}',
        "deep nesting": b"[" * 50_000,
        "oversized key": json.dumps({"key": "k" * 300, "summary": "s"}).encode(),
        "oversized summary": json.dumps({"key": "k", "summary": "s" * 2000}).encode(),
        "oversized label": json.dumps({"key": "k", "summary": "s",
                                       "labels": {"l": "v" * 5000}}).encode(),
        "too many alerts": json.dumps([GOOD] * 1001).encode(),
    }
    for what, body in cases.items():
        expect(what, post(b, body), 400)
    now = counters(b, "gantry_intake_refused_total")
    if now - refused < len(cases):
        raise Failed(f"{len(cases)} refusals, counted {now - refused:.0f}")


def bombs(b):
    say("bodies that are too large")
    before = resident_mib(b.server.pid)
    expect("2 MiB body", post(b, b" " * (2 << 20)), 413)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = b"\0" * (1 << 20)
    bomb = b"".join(packer.compress(zeros) for _ in range(1024)) + packer.flush()
    say(f"  (a gigabyte of zeros in {len(bomb) >> 10} KiB)")
    for _ in range(3):
        expect("gzip bomb", post(b, bomb, headers={"Content-Encoding": "gzip"}), 413)
    expect("broken gzip", post(b, b"\x1f\x8bnonsense", headers={"Content-Encoding": "gzip"}), 400)
    expect("cut gzip", post(b, gzip.compress(json.dumps(GOOD).encode())[:-12],
                            headers={"Content-Encoding": "gzip"}), 400)
    expect("unknown encoding", post(b, b"x", headers={"Content-Encoding": "br"}), 415)
    grown = resident_mib(b.server.pid) - before
    say(f"  memory grew by {grown:.0f} MiB")
    at_most(grown, 64, "bombs")


def credentials(b):
    say("credentials")
    expect("no credential", post(b, GOOD, token=None), 401)
    expect("wrong credential", post(b, GOOD, token="gantry_api_guess"), 401)
    expect("API without credential", b.call("GET", "/api/v1/incidents", token=None), 401)
    expect("API with a wrong one", b.call("GET", "/api/v1/incidents", token="x" * 4000), 401)
    made = b.cli_json("tokens", "create", "--api", "--role", "technician", "--organisation",
                      "acme", "--label", "acme desk")
    acme = made["token"]
    expect("another organisation's own alert", post(b, {**GOOD, "key": "acme"}, token=acme), 202)
    expect("an alert for a foreign organisation",
           b.call("POST", INTAKE + "?organisation=1", GOOD, acme), 404)
    wait_for("the good incident", lambda: b.every("/api/v1/incidents"), 10)
    mine = b.call("GET", "/api/v1/incidents", token=acme)[1]["items"]
    every = b.every("/api/v1/incidents")
    foreign = [i for i in every if i["number"] not in [m["number"] for m in mine]]
    if not foreign or len(mine) == len(every):
        raise Failed("the tenants' wall cannot be tested: both see the same")
    number = foreign[0]["number"]
    expect("another organisation's incident",
           b.call("GET", f"/api/v1/incidents/{number}", token=acme), 404)
    expect("a note on it", b.call("POST", f"/api/v1/incidents/{number}/notes", {"body": "hello"},
                                  acme), 404)
    expect("its explanation", b.call("GET", f"/api/v1/explain/{number}", token=acme), 404)
    expect("its asset", b.call("GET", f"/api/v1/assets/{foreign[0]['asset_id']}", token=acme), 404)
    b.cli("tokens", "revoke", str(made["id"]))
    expect("a revoked credential", b.call("GET", "/api/v1/incidents", token=acme), 401)


def agent_wire(b):
    say("the agents' wire")
    expect("enrolment without a token", b.call("POST", "/api/v1/agent/enrol", {}, None), 400)
    expect("unknown enrolment token",
           b.call("POST", "/api/v1/agent/enrol",
                  {"token": "nope", "boot_id": "b", "facts": {}}, None), 401)
    expect("report without a credential", b.call("POST", "/api/v1/agent/report", {
        "agent_id": "x", "epoch": 1, "boot_id": "b", "first_seq": 1, "last_seq": 1,
        "records": []}, None), (400, 401))
    expect("report of nonsense", b.call("POST", "/api/v1/agent/report", b"{", None), 401)


def raw(b, data, wait=2.0):
    """What comes back for raw bytes on a TLS connection; b'' when it is closed."""
    context = ssl.create_default_context(cafile=b.ca)
    with socket.create_connection(("127.0.0.1", b.port), timeout=wait) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as s:
            s.sendall(data)
            try:
                return s.recv(65536)
            except (TimeoutError, ConnectionError, ssl.SSLError):
                return b""


def protocol(b):
    say("the protocol itself")
    for what, data in {
        "no HTTP at all": b"\x16\x03\x01\x00nonsense\r\n\r\n",
        "a bad request line": b"GET\r\n\r\n",
        "a huge header": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40_000 + b"\r\n\r\n",
        "a negative length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2"
                       b"\r\n\r\nab",
        "a bad chunk": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    }.items():
        answer = raw(b, data)
        first = answer.split(b"\r\n", 1)[0].decode("latin-1")
        if answer and b" 4" not in answer[:16]:
            raise Failed(f"{what}: {first}")
        say(f"  {what}: {first or 'connection closed'}")
    if b.call("GET", "/nope")[0] != 404 or b.call("DELETE", INTAKE)[0] != 405:
        raise Failed("an unknown path or method is not refused as it should be")


def slow_connections(b):
    say(f"{SLOW} slow connections")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < SLOW + 200:
        raise Failed(f"{SLOW} connections are promised, and no more than {hard} files may be open: "
                     f"raise the hard limit (ulimit -Hn) to {SLOW + 200}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    before = resident_mib(b.server.pid)
    slow = []
    try:
        for n in range(SLOW):
            s = socket.create_connection(("127.0.0.1", b.port), timeout=5)
            if n % 2 == 0:  # half say something, half nothing at all
                s.sendall(b"\x16\x03\x01")
            slow.append(s)
            if n % 500 == 499:
                began = time.monotonic()
                if post(b, GOOD)[0] != 202:
                    raise Failed("a normal client was shut out by slow ones")
                if time.monotonic() - began > 5:
                    raise Failed("a normal client was slowed by slow ones")
        grown = resident_mib(b.server.pid) - before
        say(f"  held {len(slow)}, memory grew by {grown:.0f} MiB; normal clients were served")
        at_most(grown, 300, "slow connections")
        for s in slow:
            s.setblocking(False)

        def closed():
            count = 0
            for s in slow:
                try:
                    if s.recv(1) == b"":
                        count += 1
                except BlockingIOError:
                    pass
                except OSError:
                    count += 1
            return count == len(slow)
        wait_for("the server closes the slow ones by its deadlines", closed, 40, 0.5)
        say("  all were closed by the server")
    finally:
        for s in slow:
            s.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def main():
    with Bridge() as b:
        b.start_server()
        expect("a good alert", post(b, GOOD), 202)
        bad_bodies(b)
        bombs(b)
        credentials(b)
        agent_wire(b)
        protocol(b)
        slow_connections(b)
        refused = counters(b, "gantry_http_refused_total")
        if refused == 0:
            raise Failed("nothing was counted in gantry_http_refused_total")
        memory = resident_mib(b.server.pid)
        say(f"memory at the end: {memory:.0f} MiB; refusals counted by the server: {refused:.0f}")
        at_most(memory, MEMORY_BOUND_MIB, "all of it")
        expect("a good alert, still", post(b, {**GOOD, "key": "good-2"}), 202)
        wait_for("both alerts", lambda: {"good", "good-2"} <= {
            a["key"] for a in b.every("/api/v1/alerts")}, 10)
    say("bad input: refused, counted, bounded; nothing lost")


if __name__ == "__main__":
    try:
        main()
    except bridge.Failed as failure:
        say(f"bad input test FAILED: {failure}")
        sys.exit(1)
