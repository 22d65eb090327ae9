# SPDX-License-Identifier: MIT
"""What the benchmark measures with: memory, processor, wake-ups, requests; and a desktop that nobody touches."""

import contextlib
import http.client
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

QUIET_SEC = 0.05  # so long nothing of a program ran: it slept


def resident_bytes(pid):
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def peak_bytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+) kB", status).group(1)) * 1024


def cpu_seconds(pid):
    """utime + stime, in ns from the scheduler where it tells: a tick of 10 ms is coarse for us."""
    try:
        tasks = list(pathlib.Path(f"/proc/{pid}/task").iterdir())
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
    except (OSError, IndexError):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def requests_per_second(port, path, seconds):
    if not shutil.which("wrk"):
        return python_requests_per_second(port, path, seconds)
    url = f"http://127.0.0.1:{port}{path}"
    command = ["wrk", "-t1", "-c4", f"-d{round(seconds)}", url]
    text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise SystemExit(f"bench: {url} fails: {text}")
    return float(re.search(r"Requests/sec:\s*([0-9.]+)", text).group(1))


def python_requests_per_second(port, path, seconds):
    counts = [0] * 4
    stop_at = time.monotonic() + seconds

    def ask(index):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        while time.monotonic() < stop_at:
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
            counts[index] += response.status == 200

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(len(counts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def answer_ms(port, path, seconds):
    """One client that asks again when it has its answer: the ms within which 50 and 99 of 100 came."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    took_ms = []
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        stop_at = time.perf_counter() + seconds
        while (begun := time.perf_counter()) < stop_at:
            client.sendall(request)
            take_answer(client, path)
            took_ms.append((time.perf_counter() - begun) * 1000)
    took_ms.sort()
    return took_ms[len(took_ms) // 2], took_ms[len(took_ms) * 99 // 100]


def take_answer(client, path):
    head = client.recv(1 << 16)
    while (end := head.find(b"\r\n\r\n")) < 0:
        head += client.recv(1 << 16)
    if b" 200 " not in head[:16]:
        raise SystemExit(f"bench: {path} fails: {head[:200]!r}")
    left = end + 4 + int(re.search(rb"(?i)content-length: *([0-9]+)", head).group(1)) - len(head)
    while left > 0:
        left -= len(client.recv(min(left, 1 << 16)))


def switches(pid):
    """How often its threads gave the processor away so far, each time to wait for something."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            total += int(re.search(r"\nvoluntary_ctxt_switches:\s*(\d+)", (task / "status").read_text()).group(1))
    return total


def wake_ups(pids, seconds):
    """Of each program, how often a second it woke up after all of it had slept, and its switches a second."""
    begun = time.monotonic()
    first = {pid: switches(pid) for pid in pids}
    last, moved, count = dict(first), dict.fromkeys(pids, begun), dict.fromkeys(pids, 0)
    while (now := time.monotonic()) < begun + seconds:
        for pid in pids:
            total = switches(pid)
            if total != last[pid]:
                count[pid] += now - moved[pid] > QUIET_SEC
                last[pid], moved[pid] = total, now
        time.sleep(QUIET_SEC / 5)
    elapsed = time.monotonic() - begun
    return {pid: (count[pid] / elapsed, (last[pid] - first[pid]) / elapsed) for pid in pids}


@contextlib.contextmanager
def desktop():
    """An X server with a window manager and one window, which nobody touches; yields its display."""
    with contextlib.ExitStack() as stack:
        reader, writer = os.pipe()
        begin(stack, ["Xvfb", "-displayfd", str(writer), "-nolisten", "tcp", "-ac"], pass_fds=[writer])
        os.close(writer)
        with open(reader, encoding="ascii") as number:
            display = f":{number.readline().strip()}"
        environment = os.environ | {"DISPLAY": display}
        begin(stack, ["openbox"], env=environment)
        begin(stack, ["xterm"], env=environment)
        time.sleep(2)
        yield display


def begin(stack, command, **options):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    stack.callback(process.wait)
    stack.callback(process.send_signal, signal.SIGTERM)


def gpu_tree(folder):
    """A GPU that is awake and idle, as /sys shows it."""
    device = pathlib.Path(folder) / "class/drm/renderD128/device"
    (device / "power").mkdir(parents=True)
    (device / "uevent").write_text("DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0\n")
    (device / "power/runtime_status").write_text("active\n")
    (device / "gpu_busy_percent").write_text("0\n")
