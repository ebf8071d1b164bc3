"""Chromium, told what to do over two pipes: what it loads, and when what it shows is drawn."""

import json
import os
import select
import shutil
import subprocess
import tempfile
import time

from problem import Problem

FLAGS = (
    "--headless=new --remote-debugging-pipe --no-first-run --no-default-browser-check --disable-extensions --disable-background-networking "
    "--disable-component-update --disable-default-apps --disable-sync --mute-audio --hide-scrollbars about:blank"
).split()


class Browser:
    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="bench-chromium-")
        hears, self._say = os.pipe()
        self._hear, says = os.pipe()
        root = ["--no-sandbox"] if os.geteuid() == 0 else []

        def place() -> None:  # Chromium hears on 3 and says on 4.
            first, second = os.dup(hears), os.dup(says)
            os.dup2(first, 3)
            os.dup2(second, 4)

        self._process = subprocess.Popen(
            [shutil.which("chromium") or "chromium", *root, f"--user-data-dir={self._folder}", *FLAGS],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=place,
            close_fds=False,
            start_new_session=True,
        )
        os.close(hears)
        os.close(says)
        self._buffer = b""
        self._number = 0

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_) -> None:
        try:
            self.ask("Browser.close")
            self._process.wait(10)
        except (Problem, OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._say)
        os.close(self._hear)
        shutil.rmtree(self._folder, ignore_errors=True)

    def version(self) -> str:
        return self.ask("Browser.getVersion")["product"]

    def ask(self, method: str, session: str | None = None, seen: list[dict] | None = None, **parameters) -> dict:
        """Asks for something and returns the answer; what else is told meanwhile goes to `seen`."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        os.write(self._say, json.dumps(message).encode() + b"\0")
        while True:
            told = self._next(60)
            if told.get("id") == self._number:
                if "error" in told:
                    raise Problem(f"Chromium refuses {method}: {told['error']['message']}")
                return told["result"]
            if seen is not None:
                seen.append(told)

    def open(self, width: int = 1280, height: int = 900) -> "Tab":
        """A window that has never seen anything: nothing is in its cache."""
        context = self.ask("Target.createBrowserContext")["browserContextId"]
        target = self.ask("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = Tab(self, context, session)
        tab.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        tab.ask("Page.enable")
        tab.ask("Network.enable")
        tab.ask("Runtime.enable")
        return tab

    def _next(self, patience: float) -> dict:
        until = time.monotonic() + patience
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._hear], [], [], max(0, until - time.monotonic()))
            read = os.read(self._hear, 1 << 16) if ready else b""
            if not read:
                raise Problem("Chromium does not answer." if ready == [] else "Chromium has ended: does it start by hand?")
            self._buffer += read
        line, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(line)


class Tab:
    def __init__(self, browser: Browser, context: str, session: str):
        self._browser = browser
        self._context = context
        self._session = session
        self.seen: list[dict] = []

    def ask(self, method: str, **parameters) -> dict:
        return self._browser.ask(method, self._session, self.seen, **parameters)

    def evaluate(self, script: str):
        """What a script gives, once it is there."""
        answer = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise Problem(f"A script in the page failed: {answer['exceptionDetails'].get('exception', {}).get('description', '')}")
        return answer["result"].get("value")

    def loaded(self) -> int:
        """The bytes that came over the wire, with their headers."""
        return sum(int(one["params"]["encodedDataLength"]) for one in self.seen if one.get("method") == "Network.loadingFinished")

    def complaints(self) -> list[str]:
        """What stands on the console."""
        told = [one["params"] for one in self.seen if one.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown")]
        return [json.dumps(one)[:300] for one in told]

    def close(self) -> None:
        self._browser.ask("Target.disposeBrowserContext", browserContextId=self._context)
