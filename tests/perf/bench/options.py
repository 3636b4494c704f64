"""The command line."""
import argparse
import pathlib
import re

import workloads

DEFAULT_ROUNDS = 5
MOST_ROUNDS = 1000


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message} (see --help)\n")


def rounds(text):
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= MOST_ROUNDS:
        raise argparse.ArgumentTypeError(f"no number from 1 to {MOST_ROUNDS}: '{text}'")
    return int(text)


def names(text):
    chosen = text.split(",")
    for name in chosen:
        if name not in workloads.TITLES:
            raise argparse.ArgumentTypeError(
                f"there is no workload '{name}', but: {', '.join(workloads.TITLES)}")
    return chosen


def writable(text):
    path = pathlib.Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"no file can be written there: '{text}'")
    return path


def parse(arguments):
    parser = Parser(
        prog="scripts/bench", allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Builds Phial's benchmarks, installs the peers that are missing (Node's into the "
        "build folder),\nand runs all of them side by side: in each round each subject once, so "
        "that all see\nthe same machine. Prints medians with their spread, and last what they must "
        "show.",
        epilog="workloads:\n" + "".join(f"  {name:<13} {title}\n"
                                        for name, title in workloads.TITLES.items()))
    parser.add_argument("--only", metavar="<workload>[,..]", type=names, help="these, not all")
    parser.add_argument("--rounds", metavar="<n>", type=rounds,
                        help=f"{DEFAULT_ROUNDS}; with --quick 1")
    parser.add_argument("--json", metavar="<file>", type=writable,
                        help="write all samples and tables there, too")
    parser.add_argument("--no-peers", action="store_true", help="Phial and the floors alone")
    parser.add_argument("--quick", action="store_true",
                        help="some seconds in all, to see that it works: the figures mean nothing")
    # Not for scripts/bench, which has built them in build/release.
    parser.add_argument("--build", metavar="<folder>", type=pathlib.Path,
                        default=workloads.HERE.parents[2] / "build" / "release",
                        help=argparse.SUPPRESS)
    parser.add_argument("--check-options", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (1 if options.quick else DEFAULT_ROUNDS)
    return options
