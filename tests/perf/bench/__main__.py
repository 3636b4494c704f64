"""Phial's benchmarks beside its peers'; scripts/bench builds everything and calls this."""
import json
import os
import shutil
import signal
import sys

sys.dont_write_bytecode = True  # the tree stays as it is

import machine  # noqa: E402
import options as command_line  # noqa: E402
import programs  # noqa: E402
import report  # noqa: E402
import targets  # noqa: E402
import workloads  # noqa: E402
from samples import Results  # noqa: E402

INTERRUPTED = 130


class Peers:
    """Which of them there are."""

    def __init__(self, options):
        self.modules = options.build.parent / "bench" / "node_modules"
        self.python = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else "python3"
        self.node = shutil.which("node") or ""
        self.gearmand = shutil.which("gearmand", path=os.environ.get("PATH", "") +
                                     ":/usr/sbin:/usr/local/sbin") or ""
        self.gearman_program = options.build / "tests" / "perf" / "phial_perf_gearman"

    def have(self, name):
        if name == "python":
            return shutil.which(self.python) is not None
        if name == "node":
            return bool(self.node) and self.modules.is_dir()
        return bool(self.gearmand) and self.gearman_program.exists()

    def environment(self):
        return {**os.environ, "NODE_PATH": str(self.modules), "PYTHONDONTWRITEBYTECODE": "1"}


def progress(text):
    """A line that the next one replaces, on a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def measure_round(workload, peers, options, results):
    """Each subject once."""
    for subject in workload.subjects:
        if subject.needs and options.no_peers:
            continue
        if subject.needs and not peers.have(subject.needs):
            results.note(workload.name, subject.name, "not installed")
            continue
        if subject.left_out:
            results.note(workload.name, subject.name, subject.left_out)
            continue
        try:
            seconds = 20 if options.quick else 120
            for sample in programs.samples_of(subject.command, seconds, peers.environment()):
                results.add(sample)
        except programs.ProgramFailed as failure:
            results.note(workload.name, subject.name, f"failed: {failure}")
            results.failures.append((workload.name, subject, str(failure)))


def measure(chosen, peers, options):
    """All rounds of all workloads. A Ctrl-C ends it, with the tables of what there is."""
    results = Results()
    results.failures = []
    results.interrupted = False
    try:
        for number in range(options.rounds):
            for workload in chosen:
                progress(f"round {number + 1} of {options.rounds}: {workload.name}")
                measure_round(workload, peers, options, results)
    except KeyboardInterrupt:
        results.interrupted = True
    progress("")
    return results


def print_all(chosen, results, about, options):
    print(f"{machine.text(about['machine'])}; load {about['loadBefore']} before, "
          f"{about['loadAfter']} after; " +
          ("1 round" if options.rounds == 1 else f"{options.rounds} rounds, alternating"))
    if results.interrupted:
        print("Interrupted: these are the figures so far.")
    if options.quick:
        print("Quick: these figures only show that everything works.")
    print("Medians of the rounds. \"Phial is 2x\" means twice as good as the subject of that line, "
          "0.5x half as good.\n")
    for workload in chosen:
        print("\n".join(report.workload_table(workload, results)) + "\n")
    figures = [row for row in targets.must_show(results) if options.only is None or row.known]
    if figures:
        print("\n".join(report.target_table(figures)))


def write_json(path, chosen, results, about, options):
    document = {**about, "rounds": options.rounds, "quick": options.quick,
                "workloads": [report.workload_json(workload, results) for workload in chosen],
                "mustShow": [report.target_json(row) for row in targets.must_show(results)]}
    path.write_text(json.dumps(document, indent=2) + "\n")


def main(arguments):
    options = command_line.parse(arguments)
    if options.check_options:
        return 0
    # A kill ends it as Ctrl-C does: the programs and their workers go first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    peers = Peers(options)
    place = workloads.Place(build=options.build, python=peers.python, node=peers.node,
                            gearmand=peers.gearmand, cores=machine.describe()["cores"],
                            quick=options.quick)
    chosen = [workload for workload in workloads.all_workloads(place)
              if options.only is None or workload.name in options.only]
    before = machine.load()
    results = measure(chosen, peers, options)
    about = {"machine": machine.describe(), "loadBefore": before, "loadAfter": machine.load()}
    print_all(chosen, results, about, options)
    if options.json:
        write_json(options.json, chosen, results, about, options)
    return status_of(results)


def status_of(results):
    """1 when a program of our own failed; a peer's failure is its own."""
    if results.interrupted:
        return INTERRUPTED
    ours = [(workload, subject, why) for workload, subject, why in results.failures
            if not subject.needs]
    for workload, subject, why in ours:
        print(f"scripts/bench: {workload}, {subject.name}: {why}", file=sys.stderr)
    return 1 if ours else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
