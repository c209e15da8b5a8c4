"""What the end-to-end tests share: real processes on loopback, an API client, and waiting with a
deadline. Standard library only. Every process started here is ended here, by pid."""

import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("GANTRY_BIN", os.path.join(ROOT, "build", "dev", "bin"))
SINKS = os.path.join(ROOT, "tests", "support", "sinks")


class Failed(Exception):
    """A promise was not kept; the text says which."""


def say(text):
    print(text, flush=True)


def wait_for(what, probe, seconds=30.0, every=0.05):
    """The first true value of probe(); Failed when none came in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"not seen within {seconds:g} s: {what}")
        time.sleep(every)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def read_json_lines(path):
    """Complete lines only: a writer may be in the middle of the last one."""
    try:
        with open(path, encoding="utf-8") as f:
            text = f.read()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


class Process:
    """One child, its log in a file."""

    def __init__(self, name, argv, log, env=None):
        self.name = name
        self.log = log
        self.file = open(log, "ab")
        self.popen = subprocess.Popen(argv, stdout=self.file, stderr=self.file,
                                      stdin=subprocess.DEVNULL, env=env)

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def kill(self):
        if self.alive():
            self.popen.send_signal(signal.SIGKILL)
        self.popen.wait()
        self.file.close()

    def stop(self, seconds=15):
        """SIGTERM and its exit status; Failed when it does not end."""
        if self.alive():
            self.popen.send_signal(signal.SIGTERM)
        try:
            status = self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"{self.name} did not stop within {seconds} s of SIGTERM") from None
        self.file.close()
        return status

    def sanitizer_complaint(self):
        """The first line that a sanitizer wrote into the log, or nothing."""
        with open(self.log, encoding="utf-8", errors="replace") as f:
            for line in f:
                if "Sanitizer:" in line or "runtime error:" in line:
                    return line.strip()
        return ""

    def tail(self, lines=25):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return "".join(f.readlines()[-lines:])


class Bridge:
    """gantryd, an agent, and the two sinks that stand for the outside world."""

    def __init__(self, config_text=None, keep=False):
        self.dir = tempfile.mkdtemp(prefix="gantry-e2e-")
        self.keep = keep
        self.port = free_port()
        self.data = os.path.join(self.dir, "data")
        self.agent_state = os.path.join(self.dir, "agent")
        self.url = f"https://127.0.0.1:{self.port}"
        self.config_text = config_text
        self.server = None
        self.agent = None
        self.others = []

    def __enter__(self):
        return self

    def end_well(self):
        """What still runs is asked to stop and must; no sanitizer may have complained before."""
        for process in [self.agent, self.server]:
            if process is None:
                continue
            status = process.stop() if process.alive() else 0
            if status != 0:
                raise Failed(f"{process.name} ended with status {status}")
            complaint = process.sanitizer_complaint()
            if complaint:
                raise Failed(f"{process.name}: {complaint}")

    def __exit__(self, kind, error, trace):
        late = None
        if error is None:
            try:
                self.end_well()
            except Failed as failure:
                late = error = failure
        for process in [self.agent, self.server, *self.others]:
            if process and process.alive():
                process.kill()
        if error is not None:
            for process in [self.server, self.agent]:
                if process:
                    say(f"--- {process.name}, last lines of its log ---\n{process.tail()}")
            say(f"(left for inspection: {self.dir})")
        elif not self.keep:
            shutil.rmtree(self.dir, ignore_errors=True)
        if late is not None:
            raise late
        return False

    def path(self, *names):
        return os.path.join(self.dir, *names)

    # --- processes ---

    def start_server(self, wait=True):
        argv = [os.path.join(BIN, "gantryd"), "--data", self.data,
                "--listen", f"127.0.0.1:{self.port}"]
        if self.config_text is not None:
            config = self.path("gantry.yaml")
            with open(config, "w", encoding="utf-8") as f:
                f.write(self.config_text)
            argv += ["--config", config]
        self.server = Process("gantryd", argv, self.path("gantryd.log"))
        if wait:
            self.wait_ready()
        return self.server

    def wait_ready(self, seconds=30):
        def ready():
            if not self.server.alive():
                raise Failed(f"gantryd ended with status {self.server.popen.returncode}")
            with contextlib.suppress(OSError, ssl.SSLError):
                return self.call("GET", "/readyz", token=None)[0] == 200
            return False
        return wait_for("gantryd ready", ready, seconds)

    def enrol_agent(self, role="server"):
        token = self.cli_json("tokens", "create", "--organisation", "default", "--site", "default",
                              "--role", role)["token"]
        self.run([os.path.join(BIN, "gantry-agent"), "--state", self.agent_state, "enrol",
                  "--server", self.url, "--ca", self.ca, "--token", token])

    def start_agent(self):
        program = os.path.join(BIN, "gantry-agent")
        self.agent = Process("gantry-agent", [program, "--state", self.agent_state, "run"],
                             self.path("agent.log"))
        return self.agent

    def start_sink(self, script, *more):
        """A sink's port and the path of its log."""
        name = script.removesuffix(".py")
        port_file, log = self.path(name + ".port"), self.path(name + ".jsonl")
        process = Process(name, [sys.executable, os.path.join(SINKS, script), "--port", "0",
                                 "--port-file", port_file, "--log", log, *more],
                          self.path(name + ".log"))
        self.others.append(process)

        def port():
            with contextlib.suppress(FileNotFoundError, ValueError):
                with open(port_file, encoding="ascii") as f:
                    return int(f.read())
            return None
        return wait_for(f"{name} listening", port, 10), log

    def run(self, argv, check=True):
        done = subprocess.run(argv, capture_output=True, text=True, env=self.env(), timeout=60)
        if check and done.returncode != 0:
            raise Failed(f"{' '.join(argv)} ended with {done.returncode}: "
                         f"{done.stdout}{done.stderr}")
        return done

    # --- talking to gantryd ---

    @property
    def ca(self):
        return os.path.join(self.data, "tls", "ca.pem")

    @property
    def admin_token(self):
        with open(os.path.join(self.data, "admin.token"), encoding="ascii") as f:
            return f.read().strip()

    def env(self):
        env = dict(os.environ)
        if os.path.exists(self.ca):
            env.update(GANTRY_URL=self.url, GANTRY_CA=self.ca, GANTRY_TOKEN=self.admin_token)
        return env

    def cli(self, *words, check=True):
        return self.run([os.path.join(BIN, "gantry"), *words], check)

    def cli_json(self, *words):
        return json.loads(self.cli(*words, "--json").stdout)

    def call(self, method, path, body=None, token="admin", headers=None, timeout=30):
        """(status, parsed JSON or text) of one request."""
        request = urllib.request.Request(self.url + path, method=method)
        if token == "admin":
            token = self.admin_token
        if token:
            request.add_header("Authorization", "Bearer " + token)
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        if body is not None:
            request.data = body if isinstance(body, bytes) else json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        context = ssl.create_default_context(cafile=self.ca)
        try:
            with urllib.request.urlopen(request, context=context, timeout=timeout) as answer:
                status, data = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, data = error.code, error.read()
        text = data.decode("utf-8", "replace")
        with contextlib.suppress(ValueError):
            return status, json.loads(text)
        return status, text

    def every(self, path):
        """All items of a paged list."""
        items, cursor = [], None
        while True:
            glue = "&" if "?" in path else "?"
            status, page = self.call("GET", path + f"{glue}limit=500" +
                                     (f"&cursor={cursor}" if cursor else ""))
            if status != 200:
                raise Failed(f"GET {path}: {status} {page}")
            items += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return items
