"""Running a measuring program: bounded in time, and with nothing left of it afterwards."""
import contextlib
import json
import os
import signal
import subprocess

from samples import BadLine, parse_line


class ProgramFailed(Exception):
    """A program that gave no sample; the message is why, in a few words."""


def run(words, seconds, environment=None):
    """The standard output of a program. It has a process group of its own, which is killed when
    this returns in whatever way: it timed out, somebody pressed Ctrl-C, or it left a child."""
    process = None
    try:
        with interrupts_later():
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True, start_new_session=True,
                                       env=environment)
        output, errors = process.communicate(timeout=seconds)
    except OSError as error:
        raise ProgramFailed(f"{words[0]}: {error.strerror}") from error
    except subprocess.TimeoutExpired:
        raise ProgramFailed(f"not done after {seconds:g} s") from None
    finally:
        if process is not None:
            end_group(process)
    if process.returncode != 0:
        raise ProgramFailed(describe(process.returncode, errors))
    return output


@contextlib.contextmanager
def interrupts_later():
    """What would interrupt the body does so at its end: a Popen that is cut short has made a process
    that nobody knows."""
    came = []
    handlers = {number: signal.signal(number, lambda number, _: came.append(number))
                for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    for number in came:
        signal.raise_signal(number)


def end_group(process):
    """Kills what is left of a process and its group, reaps it and closes its pipes."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    process.stdout.close()
    process.stderr.close()


def describe(status, errors):
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    how = f"signal {-status}" if status < 0 else f"status {status}"
    return f"{how}: {lines[-1][:100]}" if lines else how


def samples_of(words, seconds, environment=None):
    """The samples that a program prints."""
    output = run(words, seconds, environment)
    if os.path.basename(words[0]) == "phial_micro":
        return micro_samples(output)
    try:
        samples = [parse_line(line) for line in output.splitlines() if line.strip()]
    except BadLine as error:
        raise ProgramFailed(str(error)) from error
    if not samples:
        raise ProgramFailed("it printed nothing")
    return samples


def micro_samples(output):
    """Google Benchmark's own JSON as samples."""
    try:
        benchmarks = json.loads(output)["benchmarks"]
    except (ValueError, KeyError) as error:
        raise ProgramFailed("its output is not Google Benchmark's") from error
    return [{"workload": "micro", "subject": each["name"], "value": each["cpu_time"],
             "unit": each["time_unit"], "jobs": each["iterations"]} for each in benchmarks]
