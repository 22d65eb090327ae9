# SPDX-License-Identifier: MIT
"""A real browser: Chromium, driven by chromedriver over the WebDriver protocol."""

import base64
import json
import pathlib
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request

from harness import free_port, until

CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")


class Browser:
    """One window. Its requests and what it logs are kept."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="clockblock-browser-"))
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        with open(self.folder / "driver.log", "w") as log:
            self.process = subprocess.Popen([DRIVER, f"--port={port}"], stdout=log, stderr=log)
        until(self.is_ready, "chromedriver")
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--disable-background-networking", f"--user-data-dir={self.folder / 'profile'}"]
        answer = self.send("POST", "/session", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"binary": CHROMIUM, "args": arguments},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}})
        self.session = f"/session/{answer['sessionId']}"

    def is_ready(self):
        try:
            return self.send("GET", "/status")["ready"]
        except OSError:
            return False

    def send(self, method, path, body=None):
        data = json.dumps(body).encode() if method == "POST" else None
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"},
                                         method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as problem:
            raise AssertionError(json.load(problem)["value"]["message"]) from problem

    def command(self, path, body=None):
        return self.send("POST", self.session + path, body or {})

    def open(self, url):
        self.command("/url", {"url": url})

    def run(self, script, *arguments):
        """Runs a script in the page; a promise is waited for."""
        return self.command("/execute/sync", {"script": script, "args": list(arguments)})

    def text(self, selector):
        """The text of an element, as it is in the page; None: there is none."""
        return self.run("return document.querySelector(arguments[0])?.textContent ?? null", selector)

    def texts(self, selector):
        return self.run("return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", selector)

    def is_shown(self, selector):
        return self.run("return document.querySelector(arguments[0])?.checkVisibility() ?? false", selector)

    def devtools(self, command, **parameters):
        return self.command("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def prepare(self, script):
        """Has a script run in each page that is opened, before its own; returns what ends it."""
        added = self.devtools("Page.addScriptToEvaluateOnNewDocument", source=script)
        return lambda: self.devtools("Page.removeScriptToEvaluateOnNewDocument", **added)

    def press(self, keys):
        self.command("/actions", {"actions": [{"type": "key", "id": "keys", "actions": [
            {"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]}]})

    def size(self, width, height, scale=1):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                      mobile=width < 600)

    def speak(self, language):
        """The language of numbers and times."""
        self.devtools("Emulation.setLocaleOverride", locale=language)

    def prefer(self, scheme, motion="no-preference"):
        self.devtools("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": motion}])

    def keep_picture(self, path, whole=True):
        answer = self.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))

    def problems(self):
        """What the page logged as an error since the last call."""
        return [entry["message"] for entry in self.command("/se/log", {"type": "browser"})
                if entry["level"] in ("SEVERE", "WARNING")]

    def requests(self):
        """The addresses that were asked for since the last call."""
        events = [json.loads(entry["message"])["message"]
                  for entry in self.command("/se/log", {"type": "performance"})]
        return [event["params"]["request"]["url"] for event in events
                if event["method"] == "Network.requestWillBeSent"]

    def close(self):
        try:
            self.send("DELETE", self.session)
        finally:
            self.process.terminate()
            self.process.wait()
            shutil.rmtree(self.folder, ignore_errors=True)
