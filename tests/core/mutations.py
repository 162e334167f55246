"""Damages text the way disks, editors and attackers do: for tests that feed the result to readers."""

import json
import random

PIECES = [
    *(
        "{",
        "}",
        "[",
        "]",
        '"',
        ":",
        ",",
        "\\",
        "\n",
        "\t",
        " ",
        "\0",
        "\ufeff",
        "-",
        "&a ",
        "*a",
        "!!",
        "? ",
        "- ",
        "#",
    ),
    *("null", "true", "NaN", "-Infinity", "1e999", "-1", "0", "7.5", "1" * 30, "1" * 5000, '"\\ud800"', '"../x"'),
    *("[" * 500, "{" * 500, '{"a":' * 300, "!!timestamp x", "2001-99-99", "!!python/object/apply:os.getcwd []"),
]
VALUES = [
    *(None, True, False, 0, -1, 3, 2**31, 2**63, 10**400, 1.5, -0.0, 1e308, float("nan"), float("inf")),
    *("", "a", "..", "../../x", "/etc/passwd", "\ud800", "\0", "x" * 5000, [], {}, [[]], {"": None}, [1, "a"]),
]


def damaged_bytes(rng: random.Random, content: bytes) -> bytes:
    """A few bytes changed, lost, doubled or put in."""
    result = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        start = rng.randrange(len(result) + 1)
        end = min(start + rng.choice([0, 1, 1, 3, 20]), len(result))
        result[start:end] = rng.choice(
            [
                bytes(rng.randrange(256) for _ in range(end - start)),
                rng.choice(PIECES).encode("utf-8", "surrogatepass"),
                bytes(result[start:end]) * 2,
                b"",
            ]
        )
    return bytes(result) if rng.random() < 0.9 else bytes(result[: rng.randrange(len(result) + 1)])


def damaged_value(rng: random.Random, value: object) -> object:
    """The same nested data with one part replaced, renamed or removed."""
    copy = json.loads(json.dumps(value))
    node, parents = copy, []
    while isinstance(node, (dict, list)) and node and (not parents or rng.random() < 0.8):
        key = rng.choice(list(node)) if isinstance(node, dict) else rng.randrange(len(node))
        parents.append((node, key))
        node = node[key]
    if not parents:
        return rng.choice(VALUES)
    container, key = parents[-1]
    way = rng.random()
    if way < 0.7:
        container[key] = rng.choice(VALUES)
    elif way < 0.85:
        del container[key]
    elif isinstance(container, dict):
        container[rng.choice(["", "a", "label", "kind"])] = container.pop(key)
    else:
        container.append(container[key])
    return copy
