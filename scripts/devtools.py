"""A browser without a screen, spoken to over a pipe (Chrome DevTools Protocol). Python's standard library is enough."""

import json
import os
import select
import shutil
import subprocess
import tempfile
import time

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-default-browser-check",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--hide-scrollbars", "--force-color-profile=srgb", "--remote-debugging-pipe",
)


class BrowserError(Exception):
    """The browser did not do what it was asked for."""


def browser_path():
    asked = os.environ.get("DBBENCH_BROWSER")
    found = next(filter(None, map(shutil.which, (asked,) if asked else BROWSERS)), None)
    if found is None:
        raise BrowserError(f"no browser found: set DBBENCH_BROWSER, or install one of {', '.join(BROWSERS)}")
    return found


class Browser:
    """One process; `page` opens a fresh page, and messages go to it until the next one is opened."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="dbbench-browser-")
        command_read, self.command = os.pipe()
        self.answer, answer_write = os.pipe()

        def wire():  # the protocol's ends are the descriptors 3 and 4
            source, sink = os.dup(command_read), os.dup(answer_write)
            os.dup2(source, 3)
            os.dup2(sink, 4)

        self.process = subprocess.Popen(
            [browser_path(), *FLAGS, f"--user-data-dir={self.profile}", "about:blank"],
            preexec_fn=wire, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        os.close(command_read)
        os.close(answer_write)
        self.buffer = b""
        self.number = 0
        self.session = None
        self.context = None
        self.events = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.send("Browser.close", whole=True)
        except BrowserError:
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def _read(self, until):
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.answer], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                return None
            more = os.read(self.answer, 1 << 20)
            if not more:
                raise BrowserError("the browser ended")
            self.buffer += more
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def send(self, method, whole=False, timeout_s=60, **params):
        """Sends a command to the page (or to the whole browser) and returns its result."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session and not whole:
            message["sessionId"] = self.session
        try:
            rest = json.dumps(message).encode() + b"\0"
            while rest:
                rest = rest[os.write(self.command, rest):]
        except BrokenPipeError as error:
            raise BrowserError("the browser ended") from error
        until = time.monotonic() + timeout_s
        while True:
            got = self._read(until)
            if got is None:
                raise BrowserError(f"{method}: no answer within {timeout_s} s")
            if got.get("id") == self.number:
                if "error" in got:
                    raise BrowserError(f"{method}: {got['error'].get('message')}")
                return got["result"]
            if "method" in got and got.get("sessionId") == self.session:
                self.events.append(got)

    def wait_for(self, name, timeout_s=30):
        """Waits for an event that may have come already."""
        until = time.monotonic() + timeout_s
        while not any(event["method"] == name for event in self.events):
            got = self._read(until)
            if got is None:
                raise BrowserError(f"{name} did not come within {timeout_s} s")
            if "method" in got and got.get("sessionId") == self.session:
                self.events.append(got)

    def page(self, url, width, height, dark=False, scripts=True, paused=None):
        """Opens `url` in a window of its own; its events are in `self.events` from the beginning."""
        if self.context:
            self.send("Target.disposeBrowserContext", whole=True, browserContextId=self.context)
        self.session, self.events = None, []
        self.context = self.send("Target.createBrowserContext", whole=True)["browserContextId"]
        target = self.send("Target.createTarget", whole=True, url="about:blank", browserContextId=self.context,
                           width=width, height=height)["targetId"]
        self.session = self.send("Target.attachToTarget", whole=True, targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Security"):
            self.send(f"{domain}.enable")
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme, {"name": "prefers-reduced-motion", "value": "reduce"}])
        self.send("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.events = []
        self.send("Page.navigate", url=url)
        self.wait_for("Page.loadEventFired")

    def run(self, expression, timeout_s=60):
        """The value of an expression of the page's language; promises are awaited."""
        got = self.send("Runtime.evaluate", timeout_s=timeout_s, expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in got:
            detail = got["exceptionDetails"]
            raise BrowserError(detail.get("exception", {}).get("description") or detail.get("text"))
        return got["result"].get("value")

    def mouse(self, kind, x, y, **more):
        self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def press(self, key):
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key)
