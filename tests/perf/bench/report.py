"""Results as text and as JSON."""
import itertools

import samples

COLUMNS = ("subject", "median", "from .. to", "Phial is", "master/job", "p99", "loop p99", "jobs")
MASTER_KEYS = ("masterProcessorUs",)
P99_KEYS = ("p99Us", "p99Ms")
LOOP_KEYS = ("heartbeatP99Ms", "loopP99Ms")
SHOWN = set(MASTER_KEYS + P99_KEYS + LOOP_KEYS + ("jobs", "workers", "worstMs"))


def figure(value):
    """A number with three digits that mean something, or all of its whole part."""
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 1 or value == 0 else f"{value:.3f}"


def count(value):
    return "" if value is None else f"{value:,.0f}"


def first(row, keys):
    return next((row.also_median(key) for key in keys if row.also_median(key) is not None), None)


def cells(row, reference, better):
    """A row as texts, one a column."""
    if row.median is None:
        return [row.subject, row.note or "nothing"] + [""] * (len(COLUMNS) - 2)
    low, high = row.spread
    ratio = samples.advantage(row, reference, better)
    master = first(row, MASTER_KEYS)
    loop = first(row, LOOP_KEYS)
    return [row.subject, f"{figure(row.median)} {row.unit}", f"{figure(low)} .. {figure(high)}",
            "" if ratio is None or row is reference else f"{figure(ratio)}x",
            "" if master is None else f"{figure(master)} us",
            figure(first(row, P99_KEYS)), "" if loop is None else f"{figure(loop)} ms",
            count(row.also_median("jobs"))]


def layout(rows):
    """Lines of aligned columns: the first to the left, the others to the right. After the heading, a
    row that has nothing but its second cell is a remark, and does not widen that column."""
    remark = [i > 0 and not any(row[2:]) for i, row in enumerate(rows)]
    full = [row for row, only in zip(rows, remark) if not only]
    widths = [max(len(row[0]) for row in rows)]
    widths += [max(len(row[i]) for row in full) for i in range(1, len(rows[0]))]
    lines = []
    for row, only in zip(rows, remark):
        if only:
            lines.append(f"  {row[0]:<{widths[0]}}  {row[1]}")
        else:
            rest = "  ".join(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:]))
            lines.append(f"  {row[0]:<{widths[0]}}  {rest}".rstrip())
    return lines


def reference_row(workload, results, subject):
    """The row that a subject is compared with; None where there is none."""
    if not workload.reference:
        return None
    setup = next((f", {setup}" for setup in workload.setups if subject.endswith(f", {setup}")), "")
    return results.find(workload.name, workload.reference + setup)


def headings(workload):
    """COLUMNS, but where Phial is compared with itself: "no-op is", not "Phial is"."""
    reference = workload.reference or ""
    return [text.replace("Phial", reference.removeprefix("phial, ")) if ", " in reference else text
            for text in COLUMNS]


def workload_table(workload, results):
    """The lines of one workload's table, and beneath it the secondary figures."""
    rows = list(results.rows.get(workload.name, {}).values())
    lines = [f"{workload.name}: {workload.title} ({workload.better} is better)"]
    table = [cells(row, reference_row(workload, results, row.subject), workload.better)
             for row in rows]
    used = [i for i in range(len(COLUMNS)) if i < 2 or any(line[i] for line in table)]
    lines += layout([[line[i] for i in used] for line in [headings(workload)] + table])
    for row in rows:
        extra = [f"{key} {figure(row.also_median(key))}" for key in row.also if key not in SHOWN]
        if extra:
            lines.append(f"    {row.subject}: {', '.join(extra)}")
    return lines


def workload_json(workload, results):
    return {"workload": workload.name, "title": workload.title, "better": workload.better,
            "rows": [row_json(row, reference_row(workload, results, row.subject), workload.better)
                     for row in results.rows.get(workload.name, {}).values()]}


def row_json(row, reference, better):
    if row.median is None:
        return {"subject": row.subject, "note": row.note}
    return {"subject": row.subject, "unit": row.unit, "median": row.median,
            "min": row.spread[0], "max": row.spread[1], "values": row.values,
            "phialIs": samples.advantage(row, reference, better),
            "also": {key: row.also_median(key) for key in row.also}}


TARGET_COLUMNS = ("what the figures must show", "at least", "aim", "reached", "")


def target_table(rows):
    """The lines of the last table. A target of several figures has a line for each."""
    table = [list(TARGET_COLUMNS)]
    for row in rows:
        parts = itertools.zip_longest([row.title], row.at_least.split(", "), row.aim.split(", "),
                                      row.reached.split("; "), [row.verdict], fillvalue="")
        table += [list(line) for line in parts]
    widths = [max(len(line[i]) for line in table) for i in range(len(TARGET_COLUMNS))]
    return ["  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths)).rstrip()
            for line in table]


def target_json(row):
    return {"target": row.title, "atLeast": row.at_least, "aim": row.aim, "reached": row.reached,
            "verdict": row.verdict}
