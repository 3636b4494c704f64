"""From lines of JSON to medians, ratios, tables and targets, on canned samples."""
import json
import unittest

import report
import samples
import targets
import workloads


def results_of(*rows):
    """Each row: workload, subject, values, and secondary figures."""
    results = samples.Results()
    for workload, subject, values, *also in rows:
        for value in values:
            results.add({"workload": workload, "subject": subject, "value": value, "unit": "us",
                         **(also[0] if also else {})})
    return results


class ParseLineTest(unittest.TestCase):
    def test_takes_a_sample_with_secondary_figures(self):
        line = '{"workload": "burst", "subject": "phial", "value": 2.5, "unit": "jobs/s", "jobs": 3}'
        self.assertEqual(samples.parse_line(line)["jobs"], 3)

    def test_takes_a_reason_instead_of_a_value(self):
        line = '{"workload": "map", "subject": "phial", "unavailable": "no map"}'
        self.assertEqual(samples.parse_line(line)["unavailable"], "no map")

    def test_refuses_what_is_no_sample(self):
        for line in ("", "12", "[]", "hello", '{"workload": "burst"}',
                     '{"workload": "burst", "subject": "phial", "value": 1}'):
            with self.subTest(line), self.assertRaises(samples.BadLine):
                samples.parse_line(line)


class RowTest(unittest.TestCase):
    def test_median_and_spread_of_odd_and_even_counts(self):
        row = results_of(("latency", "phial", [3, 1, 100])).find("latency", "phial")
        self.assertEqual((row.median, row.spread), (3, (1, 100)))
        row = results_of(("latency", "phial", [4, 1, 2, 100])).find("latency", "phial")
        self.assertEqual((row.median, row.spread), (3, (1, 100)))

    def test_secondary_figures_have_medians_too(self):
        results = samples.Results()
        for p99 in (5, 7, 6):
            results.add({"workload": "latency", "subject": "phial", "value": 1, "unit": "us",
                         "p99Us": p99})
        self.assertEqual(results.find("latency", "phial").also_median("p99Us"), 6)
        self.assertIsNone(results.find("latency", "phial").also_median("other"))

    def test_a_failure_after_a_success_does_not_hide_the_success(self):
        results = results_of(("latency", "phial", [2]))
        results.note("latency", "phial", "failed: status 1")
        self.assertEqual(results.find("latency", "phial").note, "")


class AdvantageTest(unittest.TestCase):
    def setUp(self):
        self.results = results_of(("w", "phial", [10]), ("w", "peer", [40]), ("w", "zero", [0]))
        self.phial = self.results.find("w", "phial")
        self.peer = self.results.find("w", "peer")

    def test_of_times_the_longer_one_is_worse(self):
        self.assertEqual(samples.advantage(self.peer, self.phial, "lower"), 4)

    def test_of_rates_the_higher_one_is_better(self):
        self.assertEqual(samples.advantage(self.peer, self.phial, "higher"), 0.25)

    def test_there_is_none_without_both(self):
        self.assertIsNone(samples.advantage(self.peer, None, "lower"))
        self.assertIsNone(samples.advantage(samples.Row("new"), self.phial, "lower"))
        self.assertIsNone(samples.advantage(self.results.find("w", "zero"), self.phial, "higher"))


class FigureTest(unittest.TestCase):
    def test_three_digits_that_mean_something(self):
        for value, text in ((1234567.8, "1,234,568"), (100.4, "100"), (12.34, "12.3"),
                            (1.234, "1.23"), (0.1234, "0.123"), (0, "0.00"), (None, "")):
            self.assertEqual(report.figure(value), text)


class TableTest(unittest.TestCase):
    WORKLOAD = workloads.Workload("latency", "one at a time", "lower", ())

    def test_is_aligned_and_compares_with_phial(self):
        results = results_of(("latency", "phial", [10, 30, 20], {"p99Us": 50, "jobs": 1000}),
                             ("latency", "a peer", [60], {"loopP99Ms": 1.5}))
        results.note("latency", "another peer", "not installed")
        self.assertEqual(report.workload_table(self.WORKLOAD, results), [
            "latency: one at a time (lower is better)",
            "  subject        median    from .. to  Phial is   p99  loop p99   jobs",
            "  phial         20.0 us  10.0 .. 30.0            50.0            1,000",
            "  a peer        60.0 us  60.0 .. 60.0     3.00x         1.50 ms",
            "  another peer  not installed",
        ])

    def test_has_no_empty_columns(self):
        self.assertEqual(report.workload_table(self.WORKLOAD, results_of(("latency", "phial", [7]))),
                         ["latency: one at a time (lower is better)",
                          "  subject   median    from .. to",
                          "  phial    7.00 us  7.00 .. 7.00"])

    def test_names_what_it_compares_with(self):
        workload = workloads.Workload("queue", "deep", "lower", (), reference="phial, idle")
        results = results_of(("queue", "phial, idle", [10]), ("queue", "phial, busy", [20]))
        self.assertRegex(report.workload_table(workload, results)[1], r"from \.\. to +idle is$")

    def test_each_setup_has_its_own_reference(self):
        workload = workloads.Workload("workers", "sleeping", "higher", (),
                                      setups=("10 ms on 2", "10 ms on 256"))
        results = results_of(("workers", "phial, 10 ms on 2", [0.9], {"masterProcessorUs": 20}),
                             ("workers", "floor, 10 ms on 2", [0.9], {"masterProcessorUs": 5}),
                             ("workers", "phial, 10 ms on 256", [0.3]),
                             ("workers", "floor, 10 ms on 256", [0.6]))
        self.assertEqual(report.workload_table(workload, results), [
            "workers: sleeping (higher is better)",
            "  subject                median      from .. to  Phial is  master/job",
            "  phial, 10 ms on 2    0.900 us  0.900 .. 0.900               20.0 us",
            "  floor, 10 ms on 2    0.900 us  0.900 .. 0.900     1.00x     5.00 us",
            "  phial, 10 ms on 256  0.300 us  0.300 .. 0.300",
            "  floor, 10 ms on 256  0.600 us  0.600 .. 0.600    0.500x",
        ])
        rows = report.workload_json(workload, results)["rows"]
        self.assertEqual([row["phialIs"] for row in rows], [1, 1, 1, 0.5])

    def test_a_setup_whose_reference_failed_is_compared_with_nothing(self):
        workload = workloads.Workload("workers", "sleeping", "higher", (),
                                      setups=("10 ms on 2", "10 ms on 256"))
        results = results_of(("workers", "phial, 10 ms on 2", [0.9]),
                             ("workers", "floor, 10 ms on 256", [0.6]))
        results.note("workers", "phial, 10 ms on 256", "failed: status 1")
        rows = report.workload_json(workload, results)["rows"]
        self.assertIsNone(rows[1]["phialIs"])

    def test_names_other_figures_beneath(self):
        results = results_of(("latency", "phial", [10], {"allocationsPerJob": 7}))
        self.assertEqual(report.workload_table(self.WORKLOAD, results)[-1],
                         "    phial: allocationsPerJob 7.00")

    def test_of_nothing_but_remarks(self):
        results = samples.Results()
        results.note("latency", "phial", "failed: status 1")
        results.note("latency", "a long-named peer", "not installed")
        self.assertEqual(report.workload_table(self.WORKLOAD, results), [
            "latency: one at a time (lower is better)",
            "  subject            median",
            "  phial              failed: status 1",
            "  a long-named peer  not installed",
        ])

    def test_as_json_has_the_same(self):
        results = results_of(("latency", "phial", [10, 20]), ("latency", "peer", [45]))
        results.note("latency", "other", "not installed")
        rows = json.loads(json.dumps(report.workload_json(self.WORKLOAD, results)))["rows"]
        self.assertEqual(rows[1]["phialIs"], 3)
        self.assertEqual((rows[0]["median"], rows[0]["min"], rows[0]["max"]), (15, 10, 20))
        self.assertEqual(rows[2], {"subject": "other", "note": "not installed"})


class TargetTest(unittest.TestCase):
    BURST = (("burst", "phial", [600_000]), ("burst", "workerpool (process)", [20_000]),
             ("burst", "multiprocessing.Pool", [30_000]), ("burst", "piscina (threads)", [60_000]))

    def find(self, results, title):
        return next(row for row in targets.must_show(results) if row.title.startswith(title))

    def test_has_the_rows_that_were_asked_for(self):
        self.assertEqual(
            [(row.title, row.at_least, row.aim) for row in targets.must_show(samples.Results())],
            [("burst of no-ops, one Deferred each",
              "500,000/s, 15x the best process-pool peer, 8x piscina", "1,000,000/s, 30x"),
             ("one at a time, no spin, against a raw pipe round trip", "1.5x", "1.25x"),
             ("one at a time with `spin`, against a raw blocking pipe round trip", "0.6x", "0.4x"),
             ("a call of an interface, one at a time, against raw Cap'n Proto RPC", "1.5x", "1x"),
             ("the same with 64 in flight, against as many processes", "1.6x", "1x"),
             ("map of integers, against ProcessPoolExecutor.map(chunksize=1000)", "2x", "4x"),
             ("items of one stream a second, taken one by one", "1,000,000", "3,000,000"),
             ("10 ms CPU jobs, of the ideal for the cores", "0.97", "0.99"),
             ("64 MiB argument by copy, warm, against memcpy", "0.35x", "0.5x"),
             ("64 MiB SharedArray, against a no-op job", "1.5x", "1.1x"),
             ("bytes of master memory a queued no-op job", "400", "200"),
             ("cost per job, queue of 1,000,000 against 1,000", "1.3x", "1.1x"),
             ("heartbeat p99 on the loop during each workload", "2 ms", "1 ms")])

    def test_what_was_not_measured_has_no_verdict(self):
        for row in targets.must_show(samples.Results()):
            with self.subTest(row.title):
                self.assertEqual(row.verdict, "")
                self.assertIn("not measured", row.reached)

    def test_burst_is_compared_with_the_best_peer(self):
        row = self.find(results_of(*self.BURST), "burst")
        self.assertEqual(row.reached, "600,000/s; 20.0x multiprocessing.Pool; 10.0x piscina")
        self.assertEqual(row.verdict, "yes")

    def test_burst_misses_when_one_of_its_figures_does(self):
        slower = [("burst", "piscina (threads)", [80_000]) if row[1].startswith("piscina") else row
                  for row in self.BURST]
        self.assertEqual(self.find(results_of(*slower), "burst").verdict, "no")

    def test_burst_without_piscina_holds_in_part(self):
        row = self.find(results_of(*self.BURST[:3]), "burst")
        self.assertEqual(row.verdict, "in part")
        self.assertIn("piscina: not measured", row.reached)

    def test_times_against_the_pipe(self):
        for phial, verdict in ((12, "aim"), (12.5, "aim"), (14, "yes"), (16, "no")):
            results = results_of(("latency", "phial", [phial]), ("latency", "raw pipe", [10]))
            self.assertEqual(self.find(results, "one at a time, no spin").verdict, verdict)

    def test_more_than_the_ideal_is_no_success(self):
        for value, verdict in ((0.5, "no"), (0.98, "yes"), (1.01, "aim"), (1.5, "")):
            row = self.find(results_of(("cpu", "phial", [value])), "10 ms CPU")
            self.assertEqual(row.verdict, verdict)
        self.assertEqual(row.reached, "1.50: above 1, so the machine was busy")

    def test_copying_is_compared_by_speed(self):
        results = results_of(("bytes-in", "phial", [25]), ("bytes-in", "memcpy", [10]))
        row = self.find(results, "64 MiB argument")
        self.assertEqual((row.reached, row.verdict), ("0.400x", "yes"))

    def test_what_this_build_cannot_do_is_said(self):
        results = results_of(("latency", "raw pipe", [10]))
        results.add({"workload": "latency", "subject": "phial, spin", "unavailable": "no spin yet"})
        row = self.find(results, "one at a time with")
        self.assertEqual((row.reached, row.verdict), ("not available", ""))

    def test_depth_of_the_queue(self):
        results = results_of(("queue", "phial, 1000 queued", [10]),
                             ("queue", "phial, 1000000 queued", [12]))
        row = self.find(results, "cost per job")
        self.assertEqual((row.reached, row.verdict), ("1.20x", "yes"))

    def test_the_worst_heartbeat_counts(self):
        results = results_of(("burst", "phial", [1], {"heartbeatP99Ms": 0.5}),
                             ("cpu", "phial", [1], {"heartbeatP99Ms": 1.5}),
                             ("cpu", "piscina (threads)", [1], {"loopP99Ms": 90}))
        row = self.find(results, "heartbeat")
        self.assertEqual((row.reached, row.verdict), ("1.50 ms at worst, in cpu", "yes"))

    def test_has_a_line_for_each_figure(self):
        lines = report.target_table(targets.must_show(results_of(*self.BURST)))
        self.assertRegex(lines[1], r"^  burst of .* 500,000/s +1,000,000/s +600,000/s +yes$")
        self.assertRegex(lines[2], r"^ +15x the best .* 30x +20.0x multiprocessing.Pool$")
        self.assertRegex(lines[3], r"^ +8x piscina +10.0x piscina$")


def place_of(quick):
    return workloads.Place(build=workloads.HERE, python="python3", node="node",
                           gearmand="gearmand", cores=2, quick=quick)


class WorkloadsTest(unittest.TestCase):
    def test_names_are_those_that_only_takes(self):
        self.assertEqual([each.name for each in workloads.all_workloads(place_of(quick=False))],
                         list(workloads.TITLES))

    def test_setups_of_many_workers_have_the_same_subjects(self):
        for quick in (False, True):
            workload = workloads.many_workers(place_of(quick))
            self.assertEqual([each.name for each in workload.subjects],
                             [f"{name}, {setup}" for setup in workload.setups
                              for name in ("phial", "raw pipes and epoll", "ProcessPoolExecutor",
                                           "multiprocessing.Pool")])

    def test_many_workers_sleep_a_second_each(self):
        subject = workloads.many_workers(place_of(quick=False)).subjects[-1]
        self.assertEqual(subject.name, "multiprocessing.Pool, 100 ms on 1000")
        self.assertEqual(subject.command[-6:],
                         ("--workers", "1000", "--jobs", "10000", "--job-ms", "100"))
