"""The runner as a program: options, broken and endless programs, Ctrl-C. Those of Phial's in the
build folder PHIAL_BUILD, if it is set, must refuse wrong options."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

import programs
import workloads

BENCH = [sys.executable, str(workloads.HERE)]
PATIENCE = 60  # only a broken runner waits so long
BUILD = os.environ.get("PHIAL_BUILD")


def bench(*arguments):
    return subprocess.run(BENCH + list(arguments), capture_output=True, text=True, timeout=PATIENCE)


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class FakeBuild(unittest.TestCase):
    """A build folder of shell scripts in place of the programs."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "tests" / "perf").mkdir(parents=True)

    def program(self, name, script):
        path = self.folder / "tests" / "perf" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    def sample(self, workload, subject, value):
        line = json.dumps({"workload": workload, "subject": subject, "value": value, "unit": "us"})
        return f"echo '{line}'"

    def test_alternates_and_writes_json(self):
        log = self.folder / "log"
        self.program("phial_perf_spawn", f'echo "$*" >>{log}; {self.sample("spawn", "phial", 5)}')
        path = self.folder / "out.json"
        done = bench("--build", str(self.folder), "--only", "spawn", "--rounds", "2", "--json",
                     str(path))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        calls = log.read_text().splitlines()
        self.assertEqual(["ballast" in call for call in calls], [False, True, False, True])
        document = json.loads(path.read_text())
        self.assertEqual(document["workloads"][0]["rows"][0]["values"], [5, 5, 5, 5])
        self.assertEqual(len(document["mustShow"]), 13)

    def test_tells_of_programs_that_fail(self):
        self.program("phial_perf_memory", "echo oh no >&2; exit 3")
        self.program("phial_perf_restart", "echo no sample")
        done = bench("--build", str(self.folder), "--only", "memory,restart,map", "--no-peers",
                     "--rounds", "1")
        self.assertEqual(done.returncode, 1)
        for text in ("failed: status 3: oh no", "failed: no JSON: no sample",
                     "phial_perf_map: No such file or directory"):
            self.assertIn(text, done.stdout)

    def test_a_peer_that_is_not_there_is_no_error(self):
        self.program("phial_perf_mixed", self.sample("mixed", "phial", 5))
        done = bench("--build", str(self.folder), "--only", "mixed", "--quick")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, "piscina.*not installed")
        self.assertRegex(done.stdout, "gearmand.*not installed")

    def test_ends_an_endless_program_with_its_children(self):
        pid_file = self.folder / "pid"
        endless = self.program("endless", f"sleep 1000 & echo $! >{pid_file}; wait")
        with self.assertRaisesRegex(programs.ProgramFailed, "not done after"):
            programs.run([endless], 1)
        child = int(pid_file.read_text())
        self.assertTrue(eventually(lambda: not alive(child)))

    def test_ends_what_a_program_leaves_behind(self):
        pid_file = self.folder / "pid"
        careless = self.program("careless", f"sleep 1000 >/dev/null 2>&1 & echo $! >{pid_file}")
        programs.run([careless], PATIENCE)
        child = int(pid_file.read_text())
        self.assertTrue(eventually(lambda: not alive(child)))

    def test_ends_a_program_that_it_is_interrupted_in_starting(self):
        children = []

        class InterruptedPopen(subprocess.Popen):
            def __init__(self, *arguments, **options):
                super().__init__(*arguments, **options)
                children.append(self.pid)
                signal.raise_signal(signal.SIGINT)

        endless = self.program("endless", "exec sleep 1000")
        with unittest.mock.patch("subprocess.Popen", InterruptedPopen):
            with self.assertRaises(KeyboardInterrupt):
                programs.run([endless], PATIENCE)
        self.assertFalse(alive(children[0]))

    def test_ends_its_programs_when_it_is_interrupted(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                pid_file = self.folder / f"pid{number}"
                self.program("phial_perf_memory", f"echo $$ >{pid_file}.new; "
                             f"mv {pid_file}.new {pid_file}; exec sleep 1000")
                runner = subprocess.Popen(
                    BENCH + ["--build", str(self.folder), "--only", "memory"],
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                self.assertTrue(eventually(pid_file.exists))
                runner.send_signal(number)
                output, _ = runner.communicate(timeout=PATIENCE)
                self.assertEqual(runner.returncode, 130)
                self.assertIn("Interrupted", output)
                child = int(pid_file.read_text())
                self.assertTrue(eventually(lambda: not alive(child)))


class ManyWorkersTest(unittest.TestCase):
    """The programs of the workload `workers`, each on few."""

    LOAD = ["--workers", "20", "--jobs", "40", "--job-ms", "1"]
    PROGRAMS = {subject: [sys.executable, "-B", str(workloads.PEERS / "python_pool.py"),
                          "--workload", "workers", "--pool", pool]
                for subject, pool in (("ProcessPoolExecutor", "executor"),
                                      ("multiprocessing.Pool", "multiprocessing"))}
    if BUILD:
        PROGRAMS["phial"] = [os.path.join(BUILD, "tests", "perf", "phial_perf_workers")]
        PROGRAMS["raw pipes and epoll"] = [
            os.path.join(BUILD, "tests", "perf", "phial_perf_raw_workers")]

    def sample_of(self, words, limit="true"):
        """What the program prints after a command of the shell."""
        shell = ["sh", "-c", f'{limit} && exec "$@"', "sh"]
        [sample] = programs.samples_of(shell + words + self.LOAD, PATIENCE)
        return sample

    def test_each_tells_the_share_and_what_the_master_costs(self):
        for subject, words in self.PROGRAMS.items():
            with self.subTest(subject):
                sample = self.sample_of(words)
                self.assertEqual(sample["subject"], f"{subject}, 1 ms on 20")
                self.assertEqual((sample["workload"], sample["unit"]), ("workers", "of ideal"))
                self.assertGreater(sample["value"], 0)
                self.assertLessEqual(sample["value"], 1)
                self.assertGreater(sample["masterProcessorUs"], 0)

    def test_each_raises_its_soft_limit_of_descriptors(self):
        for subject, words in self.PROGRAMS.items():
            with self.subTest(subject):
                self.assertGreater(self.sample_of(words, "ulimit -Sn 30")["value"], 0)

    def test_each_says_when_there_are_too_few_descriptors(self):
        for subject, words in self.PROGRAMS.items():
            with self.subTest(subject):
                sample = self.sample_of(words, "ulimit -n 100")
                self.assertEqual(sample["subject"], f"{subject}, 1 ms on 20")
                self.assertRegex(sample["unavailable"], r"needs [0-9]+ descriptors, and the hard "
                                 r"limit is 100 \(ulimit -Hn\)")


class OptionsTest(unittest.TestCase):
    def assert_refused(self, words):
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 2, words)
        self.assertEqual(done.stdout, "", words)
        return done.stderr

    def test_wrong_ones_get_one_line(self):
        for words in (["--only", "nothing"], ["--only", ""], ["--only", "burst,"],
                      ["--rounds", "0"], ["--rounds", "-1"], ["--rounds", "many"], ["--rounds"],
                      ["--rounds", "1001"], ["--json", "/"], ["--json", "/no/such/folder/x"],
                      ["--quic"], ["--nonsense"], ["extra"]):
            with self.subTest(words):
                errors = self.assert_refused(BENCH + words)
                self.assertRegex(errors, r"\Ascripts/bench: [^\n]*\n\Z")

    def test_help_names_all_workloads(self):
        done = bench("--help")
        self.assertEqual(done.returncode, 0)
        for name in workloads.TITLES:
            self.assertIn(name, done.stdout)

    @unittest.skipUnless(BUILD, "PHIAL_BUILD is not set")
    def test_measuring_programs_refuse_wrong_ones(self):
        found = sorted(path for path in pathlib.Path(BUILD, "tests", "perf").glob("phial_perf_*")
                       if path.is_file() and os.access(path, os.X_OK))
        self.assertGreater(len(found), 10)
        for program in found:
            with self.subTest(program.name):
                errors = self.assert_refused([str(program), "--nonsense"])
                self.assertRegex(errors, rf"\A{program.name}: [^\n]*\n\Z")

    def test_peers_scripts_refuse_wrong_ones(self):
        scripts = [[sys.executable, str(workloads.PEERS / "python_pool.py"), "--pool=executor"]]
        if shutil.which("node"):
            scripts.append(["node", str(workloads.PEERS / "node_pool.js"), "--pool=piscina"])
        right = ["--workload=burst", "--jobs=1", "--workers=1"]
        for script in scripts:
            for words in (right + ["--pool=none"], right + ["--workload=none"],
                          right + ["--jobs=0"], right + ["--workers=many"], right + ["--nonsense"],
                          right + ["extra"], right[1:]):
                with self.subTest(script + words):
                    errors = self.assert_refused(script + words)
                    self.assertRegex(errors, r"\A(python|node)_pool\.(py|js): [^\n]*\n\Z")
