#!/usr/bin/env python3
"""Python's process pools at the benchmarks' work; prints one line of JSON for each sample.

Each does it by its own best way: submit() and apply_async() for single jobs, map() for ranges.
"""
import argparse
import concurrent.futures
import json
import multiprocessing
import os
import resource
import statistics
import struct
import sys
import time

WARM_UP = 200


def no_op():
    pass


def increment(number):
    return number + 1


def churn(steps):
    """So many steps of arithmetic."""
    state = 1
    for _ in range(steps):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
    return state


def spin(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def nap(seconds):
    """Says who has slept."""
    time.sleep(seconds)
    return os.getpid()


def take(data):
    return len(data) + (data[0] ^ data[-1])


KEPT = {}


def give(size):
    """The same memory each time."""
    if size not in KEPT:
        KEPT[size] = b"\1" * size
    return KEPT[size]


def echo(data):
    return data


class Executor:
    name = "ProcessPoolExecutor"

    def __init__(self, workers):
        self.pool = concurrent.futures.ProcessPoolExecutor(workers)

    def submit(self, function, *arguments, done=None):
        """Returns what waits for the result. done() is called when it is there."""
        future = self.pool.submit(function, *arguments)
        if done:
            future.add_done_callback(lambda _: done())
        return future.result

    def map(self, function, items):
        return self.pool.map(function, items, chunksize=1000)

    def close(self):
        self.pool.shutdown()


class Pool:
    name = "multiprocessing.Pool"

    def __init__(self, workers):
        self.pool = multiprocessing.Pool(workers)

    def submit(self, function, *arguments, done=None):
        callback = (lambda _: done()) if done else None
        return self.pool.apply_async(function, arguments, callback=callback).get

    def map(self, function, items):
        return self.pool.map(function, items)

    def close(self):
        self.pool.close()
        self.pool.join()


def p99(values):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]


def steps_for(seconds):
    steps = 20_000
    best = min(timed(churn, steps) for _ in range(20))
    return int(steps * seconds / best)


def timed(function, *arguments):
    begin = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - begin


def plain_seconds_per_job(processes, each, steps):
    """What the cores give without any pool: the mean of forked processes that work at once."""
    reader, writer = os.pipe()
    children = []
    for _ in range(processes):
        child = os.fork()
        if child == 0:
            begin = time.perf_counter()
            for _ in range(each):
                churn(steps)
            os.write(writer, struct.pack("d", (time.perf_counter() - begin) / each))
            os._exit(0)
        children.append(child)
    seconds = [struct.unpack("d", os.read(reader, 8))[0] for _ in children]
    for child in children:
        os.waitpid(child, 0)
    return statistics.mean(seconds)


def processor_seconds():
    """Of this process, all its threads, without its children."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def missing_descriptors(workers):
    """Raises the soft limit to the hard one. Returns what is wrong if that is too low: a pool needs
    two descriptors for each process, and some for everything else."""
    needed = 2 * workers + 64
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY or hard >= needed:
        return ""
    return f"it needs {needed} descriptors, and the hard limit is {hard} (ulimit -Hn)"


def wait_until_all_work(pool, workers):
    """Returns when each worker has run a job. Longer jobs leave more of them to the others."""
    seen = set()
    seconds = 0.010
    while len(seen) < workers:
        seen.update(wait() for wait in [pool.submit(nap, seconds) for _ in range(workers)])
        seconds = min(2 * seconds, 1)


def latency(pool, options):
    samples = []
    for i in range(-WARM_UP, options.jobs):
        begin = time.perf_counter()
        pool.submit(no_op)()
        if i >= 0:
            samples.append((time.perf_counter() - begin) * 1e6)
    return statistics.median(samples), "us", {"p99Us": p99(samples)}


def burst(pool, options):
    for wait in [pool.submit(no_op) for _ in range(WARM_UP)]:
        wait()
    begin = time.perf_counter()
    for wait in [pool.submit(no_op) for _ in range(options.jobs)]:
        wait()
    return options.jobs / (time.perf_counter() - begin), "jobs/s", {}


def map_integers(pool, options):
    list(pool.map(increment, range(WARM_UP)))
    begin = time.perf_counter()
    results = list(pool.map(increment, range(options.jobs)))
    seconds = time.perf_counter() - begin
    if results[-1] != options.jobs:
        sys.exit("map returned something else")
    return options.jobs / seconds, "items/s", {}


def cpu(pool, options):
    steps = steps_for(0.010)
    each = options.jobs // 2 // options.workers + 1
    before = plain_seconds_per_job(options.workers, each, steps)
    for wait in [pool.submit(no_op) for _ in range(WARM_UP)]:
        wait()
    begin = time.perf_counter()
    for wait in [pool.submit(churn, steps) for _ in range(options.jobs)]:
        wait()
    seconds = time.perf_counter() - begin
    after = plain_seconds_per_job(options.workers, each, steps)
    work = options.jobs * (before + after) / 2
    return work / (seconds * options.workers), "of ideal", {"jobMsBefore": before * 1e3,
                                                            "jobMsAfter": after * 1e3}


def large(pool, options):
    data = b"\1" * options.bytes
    calls = {
        "bytes-in": lambda: pool.submit(take, data)(),
        "bytes-out": lambda: pool.submit(give, options.bytes)(),
        "bytes-both": lambda: pool.submit(echo, data)(),
    }
    call = calls[options.workload]
    call()
    samples = [timed(call) * 1e3 for _ in range(options.jobs)]
    return statistics.median(samples), "ms", {"worstMs": max(samples)}


def mixed(pool, options):
    for wait in [pool.submit(no_op) for _ in range(WARM_UP)]:
        wait()
    latencies = []
    waits = []

    def submit_short():
        begin = time.perf_counter()

        def done():
            latencies.append((time.perf_counter() - begin) * 1e3)

        waits.append(pool.submit(spin, 0.001, done=done))

    for i in range(options.jobs):
        if i == options.jobs // 10:
            waits.append(pool.submit(spin, options.long_ms / 1e3))
        submit_short()
    for wait in waits:
        wait()
    return max(latencies), "ms", {"p99Ms": p99(latencies)}


def many_workers(pool, options):
    seconds_each = options.job_ms / 1e3
    wait_until_all_work(pool, options.workers)
    processor_before = processor_seconds()
    begin = time.perf_counter()
    for wait in [pool.submit(nap, seconds_each) for _ in range(options.jobs)]:
        wait()
    seconds = time.perf_counter() - begin
    processor = processor_seconds() - processor_before
    ideal = options.jobs * seconds_each / options.workers
    return ideal / seconds, "of ideal", {"workers": options.workers,
                                         "masterProcessorUs": processor / options.jobs * 1e6}


WORKLOADS = {
    "latency": latency,
    "burst": burst,
    "map": map_integers,
    "cpu": cpu,
    "bytes-in": large,
    "bytes-out": large,
    "bytes-both": large,
    "mixed": mixed,
    "workers": many_workers,
}


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message} (see --help)\n")


def positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"no number above 0: '{text}'")
    return int(text)


def main():
    parser = Parser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--pool", choices=["executor", "multiprocessing"], required=True)
    parser.add_argument("--workload", choices=sorted(WORKLOADS), required=True)
    parser.add_argument("--jobs", type=positive, required=True)
    parser.add_argument("--workers", type=positive, required=True)
    parser.add_argument("--bytes", type=positive, default=64 << 20)
    parser.add_argument("--long-ms", type=positive, default=2000)
    parser.add_argument("--job-ms", type=positive, default=10)
    options = parser.parse_args()
    kind = Executor if options.pool == "executor" else Pool
    identity = {"workload": options.workload, "subject": kind.name}
    if options.workload == "workers":
        identity["subject"] += f", {options.job_ms} ms on {options.workers}"
        missing = missing_descriptors(options.workers)
        if missing:
            print(json.dumps({**identity, "unavailable": missing}))
            return
    pool = kind(options.workers)
    value, unit, also = WORKLOADS[options.workload](pool, options)
    pool.close()
    print(json.dumps({**identity, "value": value, "unit": unit, "jobs": options.jobs, **also}))


if __name__ == "__main__":
    main()
