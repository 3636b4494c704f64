"""What the measuring programs print, and how it is condensed."""
import dataclasses
import json
import statistics

IDENTITY = ("workload", "subject", "value", "unit")


class BadLine(ValueError):
    """A line that is no sample."""


def parse_line(line):
    """The sample in a line of JSON: a dict with workload and subject, and value and unit or else
    why there are none, as `unavailable`."""
    try:
        sample = json.loads(line)
    except ValueError as error:
        raise BadLine(f"no JSON: {line.strip()[:80]}") from error
    needed = IDENTITY[:2] if isinstance(sample, dict) and "unavailable" in sample else IDENTITY
    missing = [key for key in needed if not isinstance(sample, dict) or key not in sample]
    if missing:
        raise BadLine(f"without {', '.join(missing)}: {line.strip()[:80]}")
    return sample


@dataclasses.dataclass
class Row:
    """A subject's samples of one workload."""

    subject: str
    values: list = dataclasses.field(default_factory=list)
    unit: str = ""
    also: dict = dataclasses.field(default_factory=dict)  # name -> list of values
    note: str = ""  # why there is no value

    def add(self, sample):
        if "unavailable" in sample:
            self.note = f"not available: {sample['unavailable']}"
            return
        self.values.append(sample["value"])
        self.unit = sample["unit"]
        for key, value in sample.items():
            if key not in IDENTITY:
                self.also.setdefault(key, []).append(value)

    @property
    def median(self):
        return statistics.median(self.values) if self.values else None

    @property
    def spread(self):
        return (min(self.values), max(self.values)) if self.values else None

    def also_median(self, name):
        values = self.also.get(name)
        return statistics.median(values) if values else None


def advantage(row, reference, better):
    """How many times better the reference is than this row: above 1 it is better, below 1 worse.
    None where there is nothing to compare."""
    if row is None or reference is None or not row.median or not reference.median:
        return None
    if better == "higher":
        return reference.median / row.median
    return row.median / reference.median


class Results:
    """All rows, by workload and subject, in the order in which they came."""

    def __init__(self):
        self.rows = {}

    def row(self, workload, subject):
        """Makes it where there is none."""
        return self.rows.setdefault(workload, {}).setdefault(subject, Row(subject))

    def find(self, workload, subject):
        """None where there is none."""
        return self.rows.get(workload, {}).get(subject)

    def add(self, sample):
        self.row(sample["workload"], sample["subject"]).add(sample)

    def note(self, workload, subject, text):
        row = self.row(workload, subject)
        if not row.values:
            row.note = text
