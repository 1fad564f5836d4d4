"""A strict reader of the text format 0.0.4, for tests: whatever a scraper might stumble over raises Malformed, also what
promtool and Prometheus let pass (a family in two places, a series twice, a HELP without a TYPE)."""

import re
from dataclasses import dataclass, field

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
COMMENT = re.compile(rf"# (HELP|TYPE) ({NAME}) ?(.*)")
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(,|$)')
VALUE = re.compile(r"[+-]?(\d+(\.\d*)?([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|Inf)|NaN")
TYPES = {"counter", "gauge", "untyped", "histogram", "summary"}
ESCAPES = {"\\\\": "\\", "\\n": "\n", '\\"': '"'}


class Malformed(AssertionError):
    pass


@dataclass
class Family:
    name: str
    help: str | None = None
    type: str | None = None
    samples: dict = field(default_factory=dict)  # (sample name, frozenset of labels) -> value

    def label_sets(self):
        return {labels for _, labels in self.samples}

    def value(self, **labels):
        return self.samples[(self.name, frozenset(labels.items()))]


def labels_of(text, line):
    labels = {}
    while text:
        match = LABEL.match(text)
        if not match:
            raise Malformed(f"labels: {line}")
        if match[1] in labels:
            raise Malformed(f"label {match[1]} twice: {line}")
        labels[match[1]] = re.sub(r'\\[\\n"]', lambda m: ESCAPES[m[0]], match[2])
        text = text[match.end():]
    # An empty label is as good as none.
    return frozenset((name, value) for name, value in labels.items() if value)


def belongs(sample, family):
    if sample == family.name:
        return True
    suffixes = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}.get(family.type, ())
    return any(sample == family.name + suffix for suffix in suffixes)


def parse(data):
    """Families by name, from the bytes of a scrape."""
    text = data.decode("utf-8")  # strict
    if not text.endswith("\n"):
        raise Malformed("no line feed at the end")
    families, current = {}, None
    for line in text[:-1].split("\n"):
        if line.startswith("#"):
            match = COMMENT.fullmatch(line)
            if not match:
                raise Malformed(f"comment: {line}")
            kind, name, rest = match.groups()
            if current is None or current.name != name:
                if name in families:
                    raise Malformed(f"family {name} in two places")
                current = families[name] = Family(name)
            if current.samples:
                raise Malformed(f"{kind} behind the samples: {line}")
            key = kind.lower()
            if getattr(current, key) is not None:
                raise Malformed(f"second {kind}: {line}")
            if kind == "TYPE" and rest not in TYPES:
                raise Malformed(f"type: {line}")
            if kind == "HELP" and re.search(r"\\(?![\\n])", rest):
                raise Malformed(f"escape: {line}")
            setattr(current, key, rest)
            continue
        match = SAMPLE.fullmatch(line)
        if not match or not VALUE.fullmatch(match[3]):
            raise Malformed(f"line: {line!r}")
        if current is None or current.type is None or not belongs(match[1], current):
            raise Malformed(f"not of the family before it: {line}")
        series = (match[1], labels_of(match[2] or "", line))
        if series in current.samples:
            raise Malformed(f"series twice: {line}")
        current.samples[series] = float(match[3])
    for family in families.values():
        if not family.samples:
            raise Malformed(f"family without samples: {family.name}")
    return families
