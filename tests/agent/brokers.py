# SPDX-License-Identifier: MIT
"""MQTT brokers of the test's own on loopback, a gate in front of them, and somebody who listens."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from harness import free_port, until


def program(name):
    """Where a broker of the distribution is; those for administrators are not on everybody's path."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


class Broker:
    """A process in a folder of its own, that can be killed and started again at the same port."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="clockblock-broker-"))
        self.port = free_port()
        self.process = None

    def command(self):
        raise NotImplementedError

    def up(self):
        with open(self.folder / "log", "a") as log:
            self.process = subprocess.Popen(self.command(), cwd=self.folder, stdout=log, stderr=log)
        until(self.listens, "the broker")

    def listens(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the broker ended: {(self.folder / 'log').read_text()[-2000:]}")
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None

    def close(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def publish(self, topic, payload, *arguments):
        subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.port), "-t", topic,
                        "-m", payload, "-q", "1", *arguments], check=True, timeout=20)


class Mosquitto(Broker):
    def __init__(self, lines="allow_anonymous true"):
        super().__init__()
        stay = "user root\n" if os.getuid() == 0 else ""  # else it becomes somebody who may read nothing here
        (self.folder / "mosquitto.conf").write_text(f"{stay}listener {self.port} 127.0.0.1\n{lines}\n")

    def command(self):
        return [program("mosquitto"), "-c", "mosquitto.conf"]


class PersistentMosquitto(Mosquitto):
    def __init__(self):
        super().__init__("allow_anonymous true\npersistence true\nautosave_interval 1\n"
                         "autosave_on_changes true")
        with open(self.folder / "mosquitto.conf", "a") as config:
            config.write(f"persistence_location {self.folder}/\n")


class Nats(Broker):
    """nats-server, which stores what comes over MQTT in JetStream, and knows 3.1.1 only."""

    def __init__(self):
        super().__init__()
        (self.folder / "nats.conf").write_text(
            f'server_name: "test"\nlisten: "127.0.0.1:{free_port()}"\n'
            f'jetstream {{ store_dir: "{self.folder}/store" }}\n'
            f'mqtt {{ host: "127.0.0.1", port: {self.port} }}\n'
        )

    def command(self):
        return [program("nats-server"), "-c", "nats.conf"]


class Watcher:
    """mosquitto_sub on all of ours; comes back by itself when the broker does."""

    FORMAT = r"%r\t%t\t%p"
    # Not all there is: nats-server would also show how it stores each message.
    TOPICS = ("clockblock/#", "homeassistant/#", "home/#", "ha/#", "test/#")

    def __init__(self, broker, *arguments):
        self.broker = broker
        self.log = broker.folder / f"watched-{free_port()}"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), "-F", self.FORMAT,
                 *(word for topic in self.TOPICS for word in ("-t", topic)), *arguments], stdout=log, stderr=subprocess.DEVNULL)

    def messages(self):
        """(is retained, topic, payload), as far as they are whole."""
        lines = self.log.read_text().split("\n")[:-1]
        return [(retained == "1", topic, payload)
                for retained, topic, payload in (line.split("\t", 2) for line in lines)]

    def payloads(self, ending):
        return [payload for _, topic, payload in self.messages() if topic.endswith(ending)]

    def heartbeats(self):
        return self.payloads("/heartbeats")

    def last(self, ending):
        return (self.payloads(ending) or [None])[-1]

    def is_listening(self, token):
        """By a message of our own, as often as it takes."""
        try:
            self.broker.publish("test/probe", token)
        except subprocess.SubprocessError:
            return False
        time.sleep(0.1)
        return token in self.payloads("test/probe")

    def wait(self):
        token = f"probe-{time.monotonic_ns()}"
        until(lambda: self.is_listening(token), "the subscriber")

    def close(self):
        self.process.kill()
        self.process.wait()


class Gate:
    """Stands between the agent and a broker. Slow, so that there is a middle of a stream."""

    def __init__(self, target, pause=0.002):
        self.target = target
        self.pause = pause
        self.port = free_port()
        self.is_open = True
        self.connections = []
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                inner, _ = self.listener.accept()
            except OSError:
                return
            try:
                if not self.is_open:
                    raise OSError("closed")
                outer = socket.create_connection(("127.0.0.1", self.target), timeout=5)
                outer.settimeout(None)
            except OSError:
                inner.close()
                continue
            self.connections += [inner, outer]
            for source, sink, pause in ((inner, outer, self.pause), (outer, inner, 0)):
                threading.Thread(target=self.copy, args=(source, sink, pause), daemon=True).start()

    @staticmethod
    def copy(source, sink, pause):
        try:
            while data := source.recv(2048):
                sink.sendall(data)
                time.sleep(pause)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        source.close()  # the other direction closes the other one

    def cut(self):
        """Ends what there is, and lets nobody in."""
        self.is_open = False
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.connections = []

    def open(self):
        self.is_open = True

    def close(self):
        self.listener.close()
        self.cut()


class Hole:
    """A broker that accepts a connection, and never says more than its greeting."""

    def __init__(self, greeting=b""):
        self.greeting = greeting
        self.bytes = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.swallow, args=(connection,), daemon=True).start()

    def swallow(self, connection):
        try:
            self.bytes += len(connection.recv(65536))
            connection.sendall(self.greeting)
            while data := connection.recv(65536):
                self.bytes += len(data)
        except OSError:
            pass
        connection.close()

    def close(self):
        self.listener.close()


def seqs(payloads):
    return [json.loads(payload)["seq"] for payload in payloads]
