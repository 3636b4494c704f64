"""What is measured: each workload, and the programs that do it."""
import dataclasses
import pathlib
import typing

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE.parent / "peers"
MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Subject:
    """A program that does a workload once and prints a sample or several."""

    name: str
    command: tuple
    needs: str = ""  # the peer that must be installed: "python", "node" or "gearman"
    left_out: str = ""  # why it is not run


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    title: str
    better: str  # "higher" or "lower"
    subjects: tuple
    reference: typing.Optional[str] = "phial"  # whom the others are compared with
    # Where the work is done in several setups: their names, which end the subjects' names after a
    # comma. Each subject is compared with the reference in its own setup.
    setups: tuple = ()


@dataclasses.dataclass(frozen=True)
class Place:
    """Where things are, and how much there is to do."""

    build: pathlib.Path  # of CMake
    python: str
    node: str
    gearmand: str
    cores: int
    quick: bool

    def count(self, full, quick):
        return quick if self.quick else full

    def perf(self, name, **options):
        return command(self.build / "tests" / "perf" / f"phial_perf_{name}", options)


def command(program, options, *leading):
    words = [str(word) for word in leading] + [str(program)]
    for key, value in options.items():
        words.append("--" + key.replace("_", "-"))
        if value is not True:
            words.append(str(value))
    return tuple(words)


def python_pool(place, pool, **options):
    return command(PEERS / "python_pool.py", dict(pool=pool, **options), place.python)


def python_pools(place, workload, jobs, workers, **options):
    jobs = place.count(jobs, max(1, jobs // 100))
    return tuple(
        Subject(name, python_pool(place, pool, workload=workload, jobs=jobs, workers=workers,
                                  **options), "python")
        for pool, name in (("executor", "ProcessPoolExecutor"),
                           ("multiprocessing", "multiprocessing.Pool")))


def node_pools(place, workload, jobs, workers, **options):
    jobs = place.count(jobs, max(1, jobs // 100))
    return tuple(
        Subject(name, command(PEERS / "node_pool.js",
                              dict(pool=pool, workload=workload, jobs=jobs, workers=workers,
                                   **options), place.node), "node")
        for pool, name in (("workerpool", "workerpool (process)"),
                           ("jest-worker", "jest-worker (process)"),
                           ("piscina", "piscina (threads)")))


def gearman(place, workload, jobs, workers, **options):
    """Runs its own server, on a free port of the loopback interface."""
    jobs = place.count(jobs, max(1, jobs // 100))
    return (Subject("gearmand", place.perf("gearman", server=place.gearmand, workload=workload,
                                           jobs=jobs, workers=workers, **options), "gearman"),)


def all_peers(place, workload, python, node, gear, workers, **options):
    """Each with its own number of jobs."""
    return (python_pools(place, workload, python, workers, **options) +
            node_pools(place, workload, node, workers, **options) +
            gearman(place, workload, gear, workers, **options))


def latency(place):
    trips = place.count(5000, 100)
    return Workload("latency", "A job that does nothing, one at a time, one worker", "lower", (
        Subject("phial", place.perf("latency", round_trips=trips)),
        Subject("phial, spin", place.perf("latency", round_trips=trips, spin=True)),
        Subject("raw pipe", place.perf("pipe", round_trips=trips)),
        Subject("raw Cap'n Proto", place.perf("capnp_rpc", workload="latency", calls=trips)),
    ) + all_peers(place, "latency", 3000, 3000, 3000, 1))


def burst(place):
    return Workload("burst", "A burst of jobs that do nothing, one Deferred each, all cores",
                    "higher", (
        Subject("phial", place.perf("burst", jobs=place.count(1_000_000, 2000))),
        Subject("raw Cap'n Proto", place.perf("capnp_rpc", workload="burst",
                                              calls=place.count(100_000, 1000))),
    ) + python_pools(place, "burst", 20_000, place.cores)
      + node_pools(place, "burst", 40_000, place.cores)
      + gearman(place, "burst", 20_000, place.cores))


def interface(place):
    """Raw Cap'n Proto gets as many processes as the pool has workers."""
    setups = {"one at a time": (1, 1, place.count(5000, 100)),
              "64 in flight": (64, place.cores, place.count(200_000, 1000))}
    subjects = []
    for flight, workers, calls in setups.values():
        subjects += [
            Subject("phial", place.perf("interface", in_flight=flight, workers=workers, calls=calls)),
            Subject("raw Cap'n Proto", place.perf("capnp_rpc", workload="interface",
                                                  in_flight=flight, processes=workers, calls=calls)),
        ]
    return Workload("interface", "A call of an interface's method that does nothing", "lower",
                    tuple(Subject(f"{subject.name}, {setup}", subject.command)
                          for subject, setup in zip(subjects, [s for s in setups for _ in range(2)])),
                    setups=tuple(setups))


def map_integers(place):
    return Workload("map", "One function over a range of integers, all cores", "higher", (
        Subject("phial", place.perf("map", items=place.count(10_000_000, 20_000), maps=place.count(10, 1))),
    ) + python_pools(place, "map", 1_000_000, place.cores))


def stream(place):
    def subject(items, name, **options):
        return Subject(name, place.perf("stream", items=items, **options))
    return Workload("stream", "Small items of one stream, taken one by one", "higher", (
        subject(place.count(5_000_000, 20_000), "phial"),
        subject(place.count(2_000_000, 20_000), "phial, structs", shape="structs"),
        subject(place.count(200_000, 2_000), "phial, slow consumer", shape="slow")))


def cpu(place):
    jobs = place.count(400, 10)
    return Workload("cpu", "10 ms of arithmetic a job, all cores: share of what the cores can do",
                    "higher", (
        Subject("phial", place.perf("cpu", jobs=jobs)),
    ) + all_peers(place, "cpu", 400, 400, 400, place.cores))


def setup_name(job_ms, count):
    return f"{job_ms} ms on {count}"


def sleepers(place, job_ms, count):
    """The subjects of one setup of the workload `workers`. The jobs take one second if no worker
    ever waits. ProcessPoolExecutor gets 5,000 at most: on 1,000 workers it runs about 500 a
    second."""
    jobs = place.count(1000 * count // job_ms, 4 * count)
    load = dict(workers=count, jobs=jobs, job_ms=job_ms)
    fewer = {**load, "jobs": min(jobs, 5000)}
    programs = (
        ("phial", place.perf("workers", **load), ""),
        ("raw pipes and epoll", place.perf("raw_workers", **load), ""),
        ("ProcessPoolExecutor", python_pool(place, "executor", workload="workers", **fewer),
         "python"),
        ("multiprocessing.Pool", python_pool(place, "multiprocessing", workload="workers", **load),
         "python"))
    return tuple(Subject(f"{name}, {setup_name(job_ms, count)}", words, needs)
                 for name, words, needs in programs)


def many_workers(place):
    setups = place.count(((10, 2), (10, 16), (10, 64), (10, 256), (100, 256), (100, 1000)),
                         ((10, 2), (20, 8)))
    return Workload("workers", "Jobs that sleep 10 or 100 ms, on 2 to 1,000 workers: share of the "
                    "ideal, in which no worker waits", "higher",
                    tuple(subject for setup in setups for subject in sleepers(place, *setup)),
                    setups=tuple(setup_name(*setup) for setup in setups))


def large(place, direction, title):
    name = f"bytes-{direction}"
    size = place.count(64 * MIB, MIB)
    calls = place.count(100, 3)  # so many that a p99 of the loop's delays is not their worst

    def phial(subject, **options):
        return Subject(subject, place.perf("bytes", direction=direction, calls=calls, bytes=size,
                                           **options))

    ours = [phial("phial")]
    if direction != "out":
        ours.append(phial("phial, shared", argument="shared"))
    if direction == "in":
        ours.append(phial("phial, const vector&", parameter="vector"))
    return Workload(name, title, "lower", (
        *ours,
        Subject("memcpy", place.perf("memcpy", workload=name, calls=calls, bytes=size)),
    ) + python_pools(place, name, 6, 1, bytes=size) + node_pools(place, name, 6, 1, bytes=size)
      + (Subject("gearmand", (), "gearman", left_out="left out: it takes 45 s"),))


def values(place, direction, title):
    return Workload(f"values-{direction}", title, "lower", tuple(
        Subject(f"phial, {shape}",
                place.perf("values", direction=direction, shape=shape, calls=place.count(10, 1),
                           strings=place.count(1_000_000, 10_000)))
        for shape in ("strings", "map", "struct")), reference="phial, strings")


def mixed(place):
    jobs = place.count(1000, 10)
    options = dict(long_ms=place.count(2000, 50))
    return Workload("mixed", f"{jobs:,} jobs of 1 ms and one of {options['long_ms']:,} ms, "
                    "submitted at once to two workers: until the last short one is done", "lower", (
        Subject("phial", place.perf("mixed", jobs=jobs, **options)),
    ) + all_peers(place, "mixed", 1000, 1000, 1000, 2, **options))


def restart(place):
    kills = place.count(50, 3)
    return Workload("restart", "From kill -9 of a worker to a replacement that is ready", "lower", (
        Subject("phial", place.perf("restart", kills=kills)),
        Subject("posix_spawn to first byte", place.perf("restart", kills=kills, floor=True)),
    ))


def spawn(place):
    spawns = place.count(100, 3)
    ballast = place.count(1024, 16)
    return Workload("spawn", "The call that starts a child, from a small program and from a large "
                    "one: it should take both as long", "lower", (
        Subject("phial", place.perf("spawn", spawns=spawns)),
        Subject(f"phial, {ballast} MiB in use",
                place.perf("spawn", spawns=spawns, ballast_mib=ballast)),
    ))


def heartbeat(place):
    return Workload("heartbeat", "p99 delay of a 5 ms timer on the loop beside busy workers",
                    "lower", (
        Subject("phial", place.perf("heartbeat", seconds=place.count(3, 0.2))),
    ), reference="phial, idle")


def memory(place):
    return Workload("memory", "The master's memory for a queued job that does nothing", "lower", (
        Subject("phial", place.perf("memory", jobs=place.count(1_000_000, 1000))),
    ))


def queue(place):
    deep = place.count(1_000_000, 5000)
    jobs = place.count(200_000, 1000)
    return Workload("queue", "The cost of a job while others are queued", "lower", (
        Subject("phial, 1000 queued", place.perf("queue", depth=1000, jobs=jobs)),
        Subject(f"phial, {deep} queued", place.perf("queue", depth=deep, jobs=jobs)),
    ), reference="phial, 1000 queued")


def shared_array(place):
    return Workload("shared-array", "A job whose argument is a SharedArray of so many bytes, or "
                    "its result (back), one at a time: all should take as long as one without", "lower", (
        Subject("phial, no-op", place.perf("shared_array", calls=place.count(1000, 10),
                                           most_mib=place.count(1024, 1))),
    ), reference="phial, no-op")


def micro(place):
    program = place.build / "tests" / "perf" / "phial_micro"
    words = (str(program), "--benchmark_format=json",
             f"--benchmark_min_time={place.count(0.1, 0.001)}")
    return Workload("micro", "Small parts, by Google Benchmark", "lower",
                    (Subject("phial_micro", words),), reference=None)


def all_workloads(place):
    """In the order in which they are run and told."""
    return [latency(place), burst(place), interface(place), map_integers(place), stream(place),
            cpu(place), many_workers(place),
            large(place, "in", "An argument of 64 MiB, by copy, that its caller keeps"),
            large(place, "out", "A result of 64 MiB"),
            large(place, "both", "64 MiB there and back"),
            values(place, "in", "An argument of 1,000,000 strings that its caller gives away"),
            values(place, "out", "A result of 1,000,000 strings"),
            mixed(place), shared_array(place), restart(place), spawn(place), heartbeat(place),
            memory(place), queue(place), micro(place)]


# What each is, by name.
TITLES = {workload.name: workload.title for workload in all_workloads(
    Place(build=pathlib.Path(), python="", node="", gearmand="", cores=1, quick=False))}
