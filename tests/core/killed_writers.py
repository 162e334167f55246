"""Kills processes that write a run, and looks at what they leave. Run by test_killed_writers.py.

A process of its own: it forks, which must not happen beside the threads of a test suite.

Usage: killed_writers.py random|sweep save|amend FOLDER KILLS
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

from manylabel.core.run_directory import RunDirectory, write_run


def write(writer, number):
    writer.info["number"] = number
    writer.json("numbers.json", {"number": number, "filling": ["x" * 50] * 40})
    writer.text("notes.txt", f"{number}\n")
    writer.arrays("model.safetensors", {"number": np.full(500, number)})


def save(path, number):
    with write_run(path, overwrite=True) as writer:
        write(writer, number)


def amend(path, number):
    with RunDirectory.open(path, verify=False).amend() as writer:
        write(writer, number)


def read(path):
    """The number that all parts of the run agree on."""
    run = RunDirectory.open(path)
    found = {
        run.manifest["info"]["number"],
        run.read_json("numbers.json")["number"],
        int(run.read_text("notes.txt")),
        *run.read_arrays("model.safetensors")["number"].tolist(),
    }
    assert len(found) == 1, f"a mixture of {found}"
    return found.pop()


def forked(work):
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(3)
    return child


def kill_at_random(action, path, kills):
    """A child writes one run after the other until it is killed; the next goes on from where it came."""
    rng, number = random.Random(7), 0
    save(path, number)
    started = time.perf_counter()
    for _ in range(5):
        action(path, number)
    longest = 2 * (time.perf_counter() - started) / 5
    saved = 0
    for _ in range(kills):

        def write_on(number=number):
            while True:
                number += 1
                action(path, number)

        child = forked(write_on)
        time.sleep(rng.random() * longest)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "the child ended by itself"
        following = read(path)
        assert following >= number, f"went back from {number} to {following}"
        saved += following - number
        number = following
    return {"kills": kills, "saved": saved}


def kill_at_every_step(action, path):
    """A child is killed before its first access to the file system, its second, and so on, until it gets through."""
    save(path, 0)
    step, number = 0, 0
    while True:
        step += 1
        child = forked(lambda step=step, number=number: die_at(step, path, lambda: action(path, number + 1)))
        _, status = os.waitpid(child, 0)
        following = read(path)
        assert following in (number, number + 1), f"{following} after {number}"
        number = following
        if not os.WIFSIGNALED(status):
            assert number > 0
            return {"kills": step - 1, "saved": number}


def die_at(step, path, work):
    left = step

    def watch(event, arguments):
        nonlocal left
        if any(isinstance(part, (str, os.PathLike)) and path.name in str(part) for part in arguments):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    work()


def main():
    way, what, folder, kills = sys.argv[1:]
    path = Path(folder) / "some-run"
    action = {"save": save, "amend": amend}[what]
    result = kill_at_random(action, path, int(kills)) if way == "random" else kill_at_every_step(action, path)
    abandoned = [entry for entry in path.parent.iterdir() if entry.name.endswith(".tmp")]
    for entry in abandoned:
        os.utime(entry, (0, 0))
    save(path, 10**6)
    assert read(path) == 10**6
    result["abandoned"] = len(abandoned)
    result["left"] = [entry.name for entry in path.parent.iterdir() if entry != path]
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main()
