"""What the figures must show: targets, and what was reached of them."""
import dataclasses
import typing

from report import figure
from samples import advantage

POOLS = ("ProcessPoolExecutor", "multiprocessing.Pool", "workerpool (process)",
         "jest-worker (process)")  # of processes; piscina is one of threads, gearmand no pool
HEARTBEAT = "heartbeatP99Ms"
MOST_OF_IDEAL = 1.03


@dataclasses.dataclass(frozen=True)
class Part:
    """One figure of a target: how much of it there is, and how much there must be."""

    value: typing.Optional[float]
    text: str  # the figure with its unit, or why there is none
    at_least: float
    aim: float
    better: str

    def reaches(self, bound):
        return self.value >= bound if self.better == "higher" else self.value <= bound


@dataclasses.dataclass(frozen=True)
class Target:
    title: str
    at_least: str
    aim: str
    parts: tuple

    @property
    def reached(self):
        return "; ".join(part.text for part in self.parts)

    @property
    def known(self):
        """Whether anything of it was measured, or should have been and could not be."""
        return any(not part.text.endswith("not measured") for part in self.parts)

    @property
    def verdict(self):
        known = [part for part in self.parts if part.value is not None]
        if not known:
            return ""
        if not all(part.reaches(part.at_least) for part in known):
            return "no"
        if len(known) < len(self.parts):
            return "in part"
        return "aim" if all(part.reaches(part.aim) for part in known) else "yes"


def absent(row):
    """Why a row has no value."""
    if row is None or not row.note:
        return "not measured"
    return row.note.split(":")[0] if row.note.startswith("not available") else row.note


def plain(results, workload, subject, unit, at_least, aim, better):
    """A figure by itself."""
    row = results.find(workload, subject)
    value = row.median if row else None
    text = absent(row) if value is None else f"{figure(value)}{unit}"
    return Part(value, text, at_least, aim, better)


def against(results, workload, subject, other, other_name, at_least, aim, better):
    """One subject's median divided by another's: for times, lower is better."""
    row, base = results.find(workload, subject), results.find(*other)
    if row is None or base is None or not row.median or not base.median:
        missing = base if row is not None and row.median else row
        why = absent(missing)
        if missing is base and other_name:
            why = f"{other_name}: {why}"
        return Part(None, why, at_least, aim, better)
    value = row.median / base.median
    return Part(value, f"{figure(value)}x {other_name}".strip(), at_least, aim, better)


def best_pool(results):
    """The process-pool peer with the highest rate in a burst."""
    rows = [results.find("burst", name) for name in POOLS]
    rows = [row for row in rows if row is not None and row.median]
    return max(rows, key=lambda row: row.median).subject if rows else POOLS[0]


def burst(results):
    pool = best_pool(results)
    return Target(
        "burst of no-ops, one Deferred each",
        "500,000/s, 15x the best process-pool peer, 8x piscina", "1,000,000/s, 30x",
        (plain(results, "burst", "phial", "/s", 500_000, 1_000_000, "higher"),
         against(results, "burst", "phial", ("burst", pool), pool, 15, 30, "higher"),
         against(results, "burst", "phial", ("burst", "piscina (threads)"), "piscina", 8, 8,
                 "higher")))


def worst_heartbeat(results):
    """The workload of Phial's that delays its loop the most, by the medians of the p99s."""
    delays = [(row.also_median(HEARTBEAT), f"{workload}" if row.subject == "phial" else
               f"{workload}: {row.subject}")
              for workload, rows in results.rows.items() for row in rows.values()
              if row.also_median(HEARTBEAT) is not None]
    return max(delays) if delays else (None, "")


def heartbeat(results):
    value, where = worst_heartbeat(results)
    text = "not measured" if value is None else f"{figure(value)} ms at worst, in {where}"
    return Target("heartbeat p99 on the loop during each workload", "2 ms", "1 ms",
                  (Part(value, text, 2, 1, "lower"),))


def processor(results):
    """More than the ideal is only to be had when somebody else took the cores from the ideal."""
    part = plain(results, "cpu", "phial", "", 0.97, 0.99, "higher")
    if part.value is not None and part.value > MOST_OF_IDEAL:
        text = f"{part.text}: above 1, so the machine was busy"
        return dataclasses.replace(part, value=None, text=text)
    return part


def memcpy(results):
    # Times are measured; the target is of speeds.
    row, floor = results.find("bytes-in", "phial"), results.find("bytes-in", "memcpy")
    ratio = advantage(row, floor, "lower")
    value = 1 / ratio if ratio else None
    text = absent(row) if value is None else f"{figure(value)}x"
    return Target("64 MiB argument by copy, warm, against memcpy", "0.35x", "0.5x",
                  (Part(value, text, 0.35, 0.5, "higher"),))


def deep_queue(results):
    deep = next((name for name in results.rows.get("queue", {}) if name != "phial, 1000 queued"),
                "phial, 1000000 queued")
    return against(results, "queue", deep, ("queue", "phial, 1000 queued"), "", 1.3, 1.1, "lower")


def must_show(results):
    """All targets, in the order in which they are told."""
    pipe = ("latency", "raw pipe")
    return [
        burst(results),
        Target("one at a time, no spin, against a raw pipe round trip", "1.5x", "1.25x",
               (against(results, "latency", "phial", pipe, "", 1.5, 1.25, "lower"),)),
        Target("one at a time with `spin`, against a raw blocking pipe round trip", "0.6x", "0.4x",
               (against(results, "latency", "phial, spin", pipe, "", 0.6, 0.4, "lower"),)),
        Target("a call of an interface, one at a time, against raw Cap'n Proto RPC", "1.5x", "1x",
               (against(results, "interface", "phial, one at a time",
                        ("interface", "raw Cap'n Proto, one at a time"), "", 1.5, 1, "lower"),)),
        Target("the same with 64 in flight, against as many processes", "1.6x", "1x",
               (against(results, "interface", "phial, 64 in flight",
                        ("interface", "raw Cap'n Proto, 64 in flight"), "", 1.6, 1, "lower"),)),
        Target("map of integers, against ProcessPoolExecutor.map(chunksize=1000)", "2x", "4x",
               (against(results, "map", "phial", ("map", "ProcessPoolExecutor"), "", 2, 4,
                        "higher"),)),
        Target("items of one stream a second, taken one by one", "1,000,000", "3,000,000",
               (plain(results, "stream", "phial", "", 1_000_000, 3_000_000, "higher"),)),
        Target("10 ms CPU jobs, of the ideal for the cores", "0.97", "0.99",
               (processor(results),)),
        memcpy(results),
        Target("64 MiB SharedArray, against a no-op job", "1.5x", "1.1x",
               (against(results, "shared-array", "phial, 64 MiB", ("shared-array", "phial, no-op"),
                        "", 1.5, 1.1, "lower"),)),
        Target("bytes of master memory a queued no-op job", "400", "200",
               (plain(results, "memory", "phial", "", 400, 200, "lower"),)),
        Target("cost per job, queue of 1,000,000 against 1,000", "1.3x", "1.1x",
               (deep_queue(results),)),
        heartbeat(results),
    ]
