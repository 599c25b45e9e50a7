"""Computes what the API must answer after `humtemp replay FILE --shift-to SHIFT_TO`, and compares it with its answers.

    independent-check.py FILE SHIFT_TO BASE_URL

FILE has the columns lab_id, timestamp (whole Unix seconds), temp, humidity; values have up to three decimals and may
be empty. The replay must be the first and only one into the store, SHIFT_TO whole Unix seconds that are not in the
future, and the configuration the default. Prints the first differences, and as the last line what was checked, as JSON.
The exit code is 1 if there is a difference.

Nothing of humtemp is used: every number comes from the rows, as docs/protocol.md defines it, in whole numbers of
thousandths, which Python does not round.
"""

import csv
import io
import json
import math
import re
import sys
import time
from bisect import bisect_left
from collections import defaultdict, namedtuple
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen
from zoneinfo import ZoneInfo

HOUR, DAY = 3600, 86400
# Resolution: duration in seconds, buckets kept. The first one is the primary.
RESOLUTIONS = {"1d": (DAY, 2), "5m": (300, 288), "1h": (HOUR, 168)}
PRIMARY = "1d"
EXPECTED_INTERVAL = 30
METRICS = ("temp", "humidity")
# In thousandths, as all values here.
BIN = {"temp": 100, "humidity": 500}
# In hundredths.
PERCENTILES = {"p05": 5, "p50": 50, "p95": 95}
STDDEV_ERROR = Decimal("3e-16")
SERIES_BUCKETS = 300
DIFFERENCES_SHOWN = 20

# time in Unix seconds; temp and humidity in thousandths, or None.
Row = namedtuple("Row", "time temp humidity")
# The share asked for is that of low <= value <= high; either may be None.
Limits = namedtuple("Limits", "low high")
ON_BORDERS = {"temp": Limits(20_000, 24_000), "humidity": Limits(None, 50_000)}
WITHIN_BINS = {"temp": Limits(21_437, 23_080), "humidity": Limits(40_300, None)}


class Check:
    """Counts comparisons and shows the first that fail."""

    def __init__(self):
        self.checks = 0
        self.differences = 0
        # Of percentiles, in thousandths.
        self.worst = {name: 0 for name in METRICS}

    def that(self, holds, where, got, expected):
        self.checks += 1
        if holds:
            return
        self.differences += 1
        if self.differences <= DIFFERENCES_SHOWN:
            print(f"{where}: {readable(got)}, expected {readable(expected)}")

    def same(self, got, expected, where):
        self.that(got == expected, where, got, expected)

    def one_of(self, got, possible, where):
        """For what depends on when it was answered: possible are its values before and after the request."""
        self.that(got in possible, where, got, possible)


check = Check()


def readable(value):
    if isinstance(value, Decimal):
        return float(value)
    return [readable(one) for one in value] if isinstance(value, (list, tuple, set)) else value


# --- what the API says ----------------------------------------------------------------------------


class Api:
    """Answers, each with the Unix times before its request and after it."""

    def __init__(self, base):
        self.base = base

    def text(self, path):
        before = time.time()
        with urlopen(self.base + path, timeout=60) as response:
            body = response.read().decode()
        return body, (before, time.time())

    def json(self, path):
        body, moments = self.text(path)
        return exact(body), moments

    def first_event(self, path):
        """Name, id and data of the first event of a stream."""
        before, fields = time.time(), {}
        with urlopen(self.base + path, timeout=60) as response:
            for line in response:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    fields[name] = value
                elif "data" in fields:
                    break
        return fields["event"], fields["id"], exact(fields["data"]), (before, time.time())


def exact(body):
    """JSON whose numbers are as they were written."""
    return json.loads(body, parse_float=Decimal)


def unix(text):
    """Unix seconds, exact to the millisecond, of a time as the API writes it."""
    if text is None:
        return None
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp(), 3)


# --- what was sent --------------------------------------------------------------------------------


def read_rows(file, shift_to):
    """Rows by lab, in the order of time, each once; and how many the file has."""
    with open(file, newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    shift = shift_to - max(int(row["timestamp"]) for row in rows)
    by_lab = defaultdict(set)
    for row in rows:
        values = (int(Decimal(row[name]) * 1000) if row[name] else None for name in METRICS)
        by_lab[row["lab_id"]].add(Row(int(row["timestamp"]) + shift, *values))
    return {lab: sorted(of, key=lambda row: row.time) for lab, of in sorted(by_lab.items())}, len(rows)


def between(rows, start, end):
    """Rows with start <= time < end."""
    return rows[bisect_left(rows, (start,)) : bisect_left(rows, (end,))]


def values_of(rows, name):
    return [value for value in (getattr(row, name) for row in rows) if value is not None]


def last_value(rows, name):
    """In its unit, of the latest moment that has the metric; the larger of two at the same moment."""
    having = [row for row in rows if getattr(row, name) is not None]
    value = max(((row.time, getattr(row, name)) for row in having), default=(None, None))[1]
    return in_unit(value)


def in_unit(value):
    return None if value is None else Decimal(value) / 1000


def average(values):
    """In its unit; a division of integers, which Python rounds correctly."""
    return sum(values) / (1000 * len(values)) if values else None


# --- definitions ----------------------------------------------------------------------------------


def floor_to(moment, duration):
    return math.floor(moment / duration) * duration


def coverage(rows, start, end, now, duration):
    """Of each metric and of the one with more, over buckets of a duration: none makes up for what another lacks."""
    over = min(end, now) - start
    if over <= 0:
        return {"any": None, "temp": None, "humidity": None}
    covered = {name: 0 for name in METRICS}
    for bucket in range(int(start), int(end), int(duration)):
        most = max(1, math.ceil(min(duration, now - bucket) / EXPECTED_INTERVAL))
        inside = between(rows, bucket, bucket + duration)
        if duration == end - start:
            most = math.inf
        for name in METRICS:
            covered[name] += min(most, len(values_of(inside, name)))
    expected = max(1, math.floor(over / EXPECTED_INTERVAL))
    shares = {name: min(1.0, covered[name] / expected) for name in METRICS}
    return {"any": max(shares.values()), **shares}


def oldest_kept(resolution, now):
    """Start of the oldest bucket that has not expired: a bucket does at start + retention x duration."""
    duration, retention = RESOLUTIONS[resolution]
    return floor_to(now - retention * duration, duration) + duration


def widened(start, end, resolution, now):
    """A range widened to bucket borders, cut to what is kept and to the current bucket."""
    duration, _ = RESOLUTIONS[resolution]
    newest = floor_to(now, duration) + duration
    cut = lambda moment: min(max(moment, oldest_kept(resolution, now)), newest)
    return cut(floor_to(start, duration)), cut(math.ceil(end / duration) * duration)


def reaching_back(start, now):
    """Resolutions that keep the bucket of a moment, the finest first."""
    finest_first = sorted(RESOLUTIONS, key=lambda name: RESOLUTIONS[name])
    return [name for name in finest_first if floor_to(start, RESOLUTIONS[name][0]) >= oldest_kept(name, now)]


def resolution_of_series(start, end, now):
    """The finest that gives at most 300 buckets and is kept back to the start."""
    for name in reaching_back(start, now):
        first, last = widened(start, end, name, now)
        if (last - first) / RESOLUTIONS[name][0] <= SERIES_BUCKETS:
            return name
    return reaching_back(start, now)[-1]


def resolution_of_summary(start, end, now):
    """The coarsest with borders at both ends; else the finest of at least an hour; below an hour the finest."""
    names = reaching_back(start, now)
    bordered = [name for name in names if start % RESOLUTIONS[name][0] == 0 == end % RESOLUTIONS[name][0]]
    if bordered:
        return bordered[-1]
    hourly = [name for name in names if RESOLUTIONS[name][0] >= HOUR]
    return hourly[0] if hourly and end - start >= HOUR else names[0]


def bin_of(value, name):
    return value // BIN[name]


def stddev(values):
    """Population standard deviation in its unit, to 40 digits."""
    count = len(values)
    squared = count * sum(value * value for value in values) - sum(values) ** 2
    with localcontext() as context:
        context.prec = 40
        return Decimal(squared).sqrt() / (1000 * count)


# --- comparisons ----------------------------------------------------------------------------------


def check_metric(got, values, name, where, histogram, limits, covered):
    if not values:
        check.same(got, None, f"{where} {name}")
        return
    if got is None:
        check.same(got, "a metric", f"{where} {name}")
        return
    count, ranked = len(values), sorted(values)
    check.same(got["count"], count, f"{where} {name} count")
    check.same(float(got["avg"]), average(values), f"{where} {name} avg")
    check.same(got["min"], in_unit(ranked[0]), f"{where} {name} min")
    check.same(got["max"], in_unit(ranked[-1]), f"{where} {name} max")
    deviation = stddev(values)
    off = abs(Decimal(float(got["stddev"])) - deviation)
    check.that(off <= STDDEV_ERROR * deviation, f"{where} {name} stddev", got["stddev"], float(deviation))
    for key, share in PERCENTILES.items():
        if not histogram:
            check.same(got[key], None, f"{where} {name} {key}")
            continue
        nearest_rank = ranked[max(1, -(-share * count // 100)) - 1]
        error = abs(got[key] * 1000 - nearest_rank)
        check.worst[name] = max(check.worst[name], error)
        check.that(error <= BIN[name], f"{where} {name} {key}", got[key], in_unit(nearest_rank))
    if "coverage" in got:
        check_coverage(got["coverage"], [of[name] for of in covered], f"{where} {name}")
    if limits is None:
        check.same(got.get("in_range"), None, f"{where} {name} in_range without limits")
    else:
        check_in_range(got["in_range"], ranked, name, limits, where, histogram)


def check_in_range(got, values, name, limits, where, histogram):
    low, high = limits
    within = sum((low is None or low <= value) and (high is None or value <= high) for value in values)
    beyond_one_side = (low is not None and values[-1] < low) or (high is not None and values[0] > high)
    if within == len(values) or beyond_one_side:
        check.same(got, within // len(values), f"{where} {name} in_range")
        return
    if not histogram:
        check.same(got, None, f"{where} {name} in_range")
        return
    # A limit cuts its bin, but a lower one that is its border.
    cut_bins = {bin_of(high, name)} if high is not None else set()
    if low is not None and low % BIN[name] != 0:
        cut_bins.add(bin_of(low, name))
    cut = sum(bin_of(value, name) in cut_bins for value in values)
    if cut == 0:
        check.that(abs(float(got) - within / len(values)) < 1e-12, f"{where} {name} in_range", got, within / len(values))
    else:
        error = abs(got * len(values) - within)
        check.that(error <= cut + Decimal("1e-9"), f"{where} {name} in_range", got, within / len(values))


def check_summary(got, rows, moments, where, histogram=True, limits=None, covered=coverage, bucket=None):
    """A summary, whose interval it tells, against all rows of those that it is about. Returns them."""
    start, end = unix(got["start"]), unix(got["end"])
    inside = between(rows, start, end)
    check.same(got["observations"], len(inside), f"{where} observations")
    check.same(unix(got["first"]), inside[0].time if inside else None, f"{where} first")
    check.same(unix(got["last"]), inside[-1].time if inside else None, f"{where} last")
    check.one_of(got["complete"], [end <= now for now in moments], f"{where} complete")
    shares = [covered(inside, start, end, now, bucket or end - start) for now in moments]
    if "coverage" in got:
        check_coverage(got["coverage"], [of["any"] for of in shares], where)
    for name in METRICS:
        values = values_of(inside, name)
        check_metric(got[name], values, name, where, histogram, limits and limits[name], shares)
    return inside


def check_coverage(got, possible, where):
    """Of an interval that is not over it falls while it is asked for."""
    if None in possible or got is None:
        check.one_of(got, possible, f"{where} coverage")
    else:
        holds = min(possible) - 1e-15 <= got <= max(possible) + 1e-15
        check.that(holds, f"{where} coverage", got, possible)


def check_latest(got, rows, where):
    newest_hour = between(rows, floor_to(rows[-1].time, HOUR), rows[-1].time + 1)
    check.same(unix(got["timestamp"]), rows[-1].time, f"{where} timestamp")
    for name in METRICS:
        check.same(got[name], last_value(newest_hour, name), f"{where} {name}")


def check_status(got, rows, moments, where):
    check_latest(got["latest"], rows, f"{where} latest")
    ages = [now - rows[-1].time for now in moments]
    check.that(ages[0] - 0.01 <= got["age_s"] <= ages[1] + 0.01, f"{where} age_s", got["age_s"], ages)
    day = floor_to(moments[0], DAY) - DAY
    newest_hour = floor_to(rows[-1].time, HOUR)
    stale = set()
    for name in METRICS:
        having = [row.time for row in rows if getattr(row, name) is not None and row.time >= min(day, newest_hour)]
        metric = got["metrics"][name]
        if not having:
            check.same(metric, None, f"{where} metrics {name}")
            continue
        check.same(unix(metric["timestamp"]), having[-1], f"{where} metrics {name} timestamp")
        check.same(metric["value"], last_value([row for row in rows if row.time >= min(day, newest_hour)], name), where)
        check.same(metric["in_range"], None, f"{where} metrics {name} in_range")
        stale.add(having[-1])
    possible = [any(now - last > 3 * EXPECTED_INTERVAL for last in [*stale, rows[-1].time]) for now in moments]
    check.one_of(got["stale"], possible, f"{where} stale")


def query_of(limits):
    text = lambda limit: "" if limit is None else str(limit / 1000)
    return "&".join(f"{name}={text(low)}..{text(high)}" for name, (low, high) in limits.items())


# --- routes ---------------------------------------------------------------------------------------


def check_labs(api, labs):
    for query, expected in (
        ("", list(labs)),
        ("&prefix=library-1", [lab for lab in labs if lab.startswith("library-1")]),
        ("&prefix=nobody", []),
    ):
        seen, cursor = [], ""
        while cursor is not None:
            page, moments = api.json(f"/labs?limit=7{query}" + (f"&cursor={cursor}" if cursor else ""))
            for got in page["labs"]:
                seen.append(got["lab_id"])
                check_status(got, labs[got["lab_id"]], moments, f"/labs {got['lab_id']}")
            cursor = page["next_cursor"]
        check.same(seen, expected, f"/labs{query}")


def check_lab(api, lab, rows, limits):
    got, moments = api.json(f"/labs/{quote(lab, safe='')}?{query_of(limits)}")
    check_status(got, rows, moments, f"/labs/{lab}")
    for name, offset in (("current", 0), ("previous", -1)):
        starts = [floor_to(now, DAY) + offset * DAY for now in moments]
        if got[name] is None:
            check.one_of(0, [len(between(rows, start, start + DAY)) for start in starts], f"/labs/{lab} {name}")
            continue
        check.one_of(unix(got[name]["start"]), starts, f"/labs/{lab} {name} start")
        check_summary(got[name], rows, moments, f"/labs/{lab} {name}", limits=limits)


def check_series(api, lab, rows, resolution, start, end, limits=None):
    """Every bucket of a range, also the empty ones; `resolution` None: that which the definition chooses."""
    query = f"from={start}&to={end}" + (f"&resolution={resolution}" if resolution else "")
    path = f"/labs/{quote(lab, safe='')}/buckets?{query}" + (f"&{query_of(limits)}" if limits else "")
    got, moments = api.json(path)
    chosen = [resolution or resolution_of_series(start, end, now) for now in moments]
    check.one_of(got["resolution"], chosen, f"{path} resolution")
    duration, _ = RESOLUTIONS[got["resolution"]]
    ranges = [widened(start, end, got["resolution"], now) for now in moments]
    check.one_of((unix(got["from"]), unix(got["to"])), ranges, f"{path} range")
    starts = [unix(bucket["start"]) for bucket in got["buckets"]]
    check.same(starts, list(range(int(unix(got["from"])), int(unix(got["to"])), duration)), f"{path} starts")
    for bucket in got["buckets"]:
        check.same(unix(bucket["end"]), unix(bucket["start"]) + duration, f"{path} end")
        check_summary(bucket, rows, moments, f"{path} {bucket['start']}", duration >= HOUR, limits)


def check_range(api, lab, rows, start, end, limits):
    path = f"/labs/{quote(lab, safe='')}/summary?from={start}&to={end}&{query_of(limits)}"
    got, moments = api.json(path)
    check_chosen(got, start, end, moments, path)
    duration = RESOLUTIONS[got["resolution"]][0]
    check_summary(got, rows, moments, path, duration >= HOUR, limits, bucket=duration)
    check_kinetic(got, rows, duration >= HOUR, path)


def check_kinetic(got, rows, histogram, path):
    """The mean kinetic temperature, of every value by itself."""
    temps = values_of(between(rows, unix(got["start"]), unix(got["end"])), "temp")
    if not temps or not histogram:
        check.same(got["mean_kinetic_temp"], None, f"{path} mean_kinetic_temp")
        return
    slope = 83.144 / 0.00831446261815324
    mean = math.fsum(math.exp(-slope / (temp / 1000 + 273.15)) for temp in temps) / len(temps)
    exactly = slope / -math.log(mean) - 273.15
    kinetic = got["mean_kinetic_temp"]
    holds = abs(float(kinetic["value"]) - exactly) <= float(kinetic["error"]) + 1e-6
    check.that(holds and kinetic["error"] <= Decimal("0.1001"), f"{path} mean_kinetic_temp", kinetic["value"], exactly)


def check_time_weighted(api, lab, rows, start, end):
    """Each value holds until the next one, for an hour at most."""
    path = f"/labs/{quote(lab, safe='')}/summary?from={start}&to={end}&resolution=1h&time_weighted=true"
    got, moments = api.json(path)
    first, last = unix(got["start"]), min(unix(got["end"]), moments[0])
    for name in METRICS:
        having = [row for row in rows if getattr(row, name) is not None]
        total = weight = 0
        for row, after in zip(having, [*having[1:], None]):
            until = min(after.time if after else math.inf, row.time + HOUR, last)
            length = max(0, until - max(row.time, first))
            total, weight = total + getattr(row, name) * length, weight + length
        average_of = got["time_weighted"][name]
        if average_of is None or weight == 0:
            check.that(weight < 600, f"{path} {name}", None, weight)
            continue
        # Of a metric that not every observation has the buckets do not know the first moment.
        slack = 0.02 if all(getattr(row, name) is not None for row in rows) else 0.5
        error = abs(float(average_of["avg"]) - total / weight / 1000)
        check.that(error <= float(average_of["error"]) + slack, f"{path} {name}", average_of["avg"], total / weight / 1000)


def check_days(api, lab, rows, zone, start, end):
    """The days of a time zone, of which every row has a date there."""
    tz = ZoneInfo(zone)
    path = f"/labs/{quote(lab, safe='')}/buckets?from={start}&to={end}&tz={zone}"
    try:
        got, moments = api.json(path)
    except HTTPError as error:
        # Days with borders that are not those of hours are merged of five minutes, which are kept for a day.
        offset = datetime.fromtimestamp(start, tz).utcoffset().total_seconds()
        check.same((error.code, offset % HOUR != 0), (400, True), path)
        return
    for bucket in got["buckets"]:
        first, last = unix(bucket["start"]), unix(bucket["end"])
        day = datetime.fromtimestamp(first, tz).date()
        midnights = [datetime.combine(one, datetime.min.time(), tz).timestamp() for one in (day, day + timedelta(1))]
        check.same([first, last], midnights, f"{path} {day} borders")
        on_that_day = [row for row in rows if datetime.fromtimestamp(row.time, tz).date() == day]
        check.same(bucket["observations"], len(on_that_day), f"{path} {day} observations")
        for name in METRICS:
            values = values_of(on_that_day, name)
            if not values:
                check.same(bucket[name], None, f"{path} {day} {name}")
                continue
            check.same(float(bucket[name]["avg"]), average(values), f"{path} {day} {name} avg")
            check.same(bucket[name]["max"], in_unit(max(values)), f"{path} {day} {name} max")


def check_tables(api, labs, start, end):
    """Summaries and series of all labs in one answer, in each format."""
    for form in ("json", "ndjson", "csv"):
        path = f"/lab-summaries?from={start}&to={end}&resolution=1h&format={form}"
        body, moments = api.text(path)
        table = rows_in(body, form, "labs")
        check.same([one["lab_id"] for one in table], list(labs), f"{path} labs")
        for one in table:
            check_summary(one, labs[one["lab_id"]], moments, f"{path} {one['lab_id']}", bucket=HOUR)
    path = f"/lab-series?from={start}&to={end}&resolution=1h"
    got, _ = api.json(path)
    starts = [unix(one) for one in got["starts"]]
    check.same([one["lab_id"] for one in got["labs"]], list(labs), f"{path} labs")
    for one in got["labs"]:
        for name in METRICS:
            buckets = [values_of(between(labs[one["lab_id"]], s, s + HOUR), name) for s in starts]
            where, series = f"{path} {one['lab_id']} {name}", one[name]
            check.same(series["count"], [len(values) for values in buckets], f"{where} count")
            check.same([as_float(x) for x in series["avg"]], [average(values) for values in buckets], f"{where} avg")
            check.same(series["min"], [in_unit(min(values, default=None)) for values in buckets], f"{where} min")
            check.same(series["max"], [in_unit(max(values, default=None)) for values in buckets], f"{where} max")


def check_excursions(api, labs, start, end):
    path = f"/excursions?from={start}&to={end}&resolution=1h&temp=20..24"
    got, _ = api.json(path)
    first, last = int(unix(got["from"])), int(unix(got["to"]))
    expected = []
    for lab, rows in labs.items():
        hours = [(s, values_of(between(rows, s, s + HOUR), "temp")) for s in range(first, last, HOUR)]
        runs = []
        for side, beyond in (("above", lambda v: max(v) > 24_000), ("below", lambda v: min(v) < 20_000)):
            run = []
            for s, values in [*hours, (last, [])]:
                if values and beyond(values):
                    run.append((s, values))
                elif run:
                    peak = max(max(v) for _, v in run) if side == "above" else min(min(v) for _, v in run)
                    runs.append((lab, side, run[0][0], run[-1][0] + HOUR, in_unit(peak), sum(len(v) for _, v in run)))
                    run = []
        expected += sorted(runs, key=lambda one: one[2])
    found = [
        (one["lab_id"], one["side"], unix(one["start"]), unix(one["end"]), one["peak"], one["observations"])
        for one in got["excursions"]
    ]
    check.same(found, expected, path)


def check_chosen(got, start, end, moments, path):
    chosen = [resolution_of_summary(start, end, now) for now in moments]
    check.one_of(got["resolution"], chosen, f"{path} resolution")
    ranges = [widened(start, end, got["resolution"], now) for now in moments]
    check.one_of((unix(got["start"]), unix(got["end"])), ranges, f"{path} range")


def check_merged(api, labs, chosen, unknown, query, start, end, limits):
    """One summary of many labs; its coverage is the mean of theirs."""
    path = f"/summaries?from={start}&to={end}&{query_of(limits)}" + (f"&{query}" if query else "")
    got, moments = api.json(path)
    check_chosen(got, start, end, moments, path)
    first, last = unix(got["start"]), unix(got["end"])
    counts = [len(between(labs[lab], first, last)) for lab in chosen]
    check.same(got["labs"], len(chosen), f"{path} labs")
    check.same(got["labs_with_observations"], sum(count > 0 for count in counts), f"{path} labs_with_observations")
    check.same(got["unknown"], unknown, f"{path} unknown")

    duration = RESOLUTIONS[got["resolution"]][0]

    def mean_coverage(_, start, end, now, __):
        of_each = [coverage(between(labs[lab], start, end), start, end, now, duration) for lab in chosen]
        mean = lambda key: math.fsum(of[key] for of in of_each) / len(of_each)
        if not of_each or of_each[0]["any"] is None:
            return {"any": None, "temp": None, "humidity": None}
        return {key: mean(key) for key in ("any", *METRICS)}

    rows = sorted((row for lab in chosen for row in labs[lab]), key=lambda row: row.time)
    histogram = RESOLUTIONS[got["resolution"]][0] >= HOUR
    check_summary(got, rows, moments, path, histogram, limits, covered=mean_coverage)


def check_averages(api, labs, offset):
    """The original contract."""
    got, moments = api.json(f"/summary?offset={offset}")
    possible = []
    for now in moments:
        start = floor_to(now, DAY) + offset * DAY
        inside = {lab: between(rows, start, start + DAY) for lab, rows in labs.items()}
        if start < oldest_kept(PRIMARY, now):
            inside = {}
        averages = lambda rows: (average(values_of(rows, name)) for name in METRICS)
        possible.append([(lab, *averages(rows)) for lab, rows in inside.items() if rows])
    answered = [(one["lab_id"], *(as_float(one[f"avg_{name}"]) for name in METRICS)) for one in got]
    check.one_of(answered, possible, f"/summary?offset={offset}")


def as_float(value):
    return None if value is None else float(value)


def check_bucket_of_all(api, labs, query, resolution, limits=None):
    """One bucket of all labs, in each format."""
    duration, _ = RESOLUTIONS[resolution]
    for form in ("json", "ndjson", "csv"):
        path = f"/buckets?{query}&resolution={resolution}&format={form}"
        path += f"&{query_of(limits)}" if limits else ""
        body, moments = api.text(path)
        buckets = rows_in(body, form)
        starts = {unix(bucket["start"]) for bucket in buckets}
        check.that(len(starts) <= 1, f"{path} starts", starts, "one")
        for start in starts:
            expected = [lab for lab, rows in labs.items() if between(rows, start, start + duration)]
            check.same(sorted(bucket["lab_id"] for bucket in buckets), expected, f"{path} labs")
        for bucket in buckets:
            where = f"{path} {bucket['lab_id']}"
            check.same(unix(bucket["end"]), unix(bucket["start"]) + duration, f"{where} end")
            check_summary(bucket, labs[bucket["lab_id"]], moments, where, duration >= HOUR, limits)


def rows_in(body, form, member="buckets"):
    if form == "json":
        return exact(body)[member]
    if form == "ndjson":
        return [exact(line) for line in body.splitlines()]
    return [row_of(cells) for cells in csv.DictReader(io.StringIO(body))]


def row_of(cells):
    """A row of CSV as the same row is in JSON."""
    number = lambda text: Decimal(text) if text else None
    row = {name: cells[name] or None for name in ("lab_id", "start", "end", "first", "last")}
    row["observations"] = int(cells["observations"])
    row["complete"] = {"true": True, "false": False}[cells["complete"]]
    row["coverage"] = number(cells["coverage"])
    for name in METRICS:
        columns = ("count", "avg", "min", "max", "stddev", *PERCENTILES, "in_range")
        metric = {column: number(cells[f"{name}_{column}"]) for column in columns}
        # What a table does not have is not compared.
        if "temp_coverage" in cells:
            metric["coverage"] = number(cells[f"{name}_coverage"])
        row[name] = metric if metric["count"] is not None else None
    return row


def check_stream(api, labs, query, expected):
    """The first event: the state of all labs that are asked for."""
    event, _, data, moments = api.first_event(f"/stream{query}")
    check.same(event, "snapshot", f"/stream{query}")
    check.same(sorted(got["lab_id"] for got in data["labs"]), expected, f"/stream{query} labs")
    for got in data["labs"]:
        where, rows = f"/stream{query} {got['lab_id']}", labs[got["lab_id"]]
        check_latest(got["latest"], rows, where)
        if got["current"] is not None:
            check.one_of(unix(got["current"]["start"]), [floor_to(now, DAY) for now in moments], f"{where} start")
            check.same("coverage" in got["current"], False, f"{where} coverage")
            check_summary(got["current"], rows, moments, where)
        else:
            counts = [len(between(rows, floor_to(now, DAY), now + 60)) for now in moments]
            check.one_of(0, counts, f"{where} current")


def check_monitoring(api, labs):
    """The labs as Prometheus and Grafana read them."""
    rows, (before, after) = api.json("/metrics/labs.json")
    check.same([row["lab_id"] for row in rows], list(labs), "/metrics/labs.json labs")
    body, _ = api.text("/metrics/labs")
    samples = dict(re.findall(r"^(humtemp_\S+) (\S+)$", body, re.MULTILINE))
    check.same(samples["humtemp_labs_shown"], str(len(labs)), "humtemp_labs_shown")
    check.same(samples["humtemp_labs_omitted"], "0", "humtemp_labs_omitted")
    shown = 2
    for row in rows:
        lab, of_lab, where = row["lab_id"], labs[row["lab_id"]], f"/metrics/labs {row['lab_id']}"
        start = unix(row["start"])
        check.one_of(start, [floor_to(now, DAY) for now in (before, after)], f"{where} start")
        check.same(unix(row["end"]), start + DAY, f"{where} end")
        inside = between(of_lab, start, start + DAY)
        check.same(row["observations"], len(inside), f"{where} observations")
        check.same(unix(row["last"]), of_lab[-1].time, f"{where} last")
        age = before - of_lab[-1].time
        check.that(age - 0.01 <= row["age_s"] <= age + 60, f"{where} age_s", row["age_s"], age)
        sampled_count = int(samples[f'humtemp_lab_bucket_observations{{lab="{lab}"}}'])
        check.same(sampled_count, len(inside), f"{where} observations")
        sampled_age = float(samples[f'humtemp_lab_age_seconds{{lab="{lab}"}}'])
        check.that(age - 0.01 <= sampled_age <= age + 60, f"{where} age", sampled_age, age)
        shown += 3
        newest_hour = between(of_lab, floor_to(of_lab[-1].time, HOUR), of_lab[-1].time + 1)
        for name, metric in (("temp", "temperature_celsius"), ("humidity", "humidity_percent")):
            values = values_of(inside, name)
            expected = {
                "avg": average(values),
                "min": in_unit(min(values, default=None)),
                "max": in_unit(max(values, default=None)),
                "last": last_value(newest_hour, name),
            }
            for stat, value in expected.items():
                check.same(as_float(row[f"{name}_{stat}"]), as_float(value), f"{where} {name}_{stat}")
                sample = samples.get(f'humtemp_lab_{metric}{{lab="{lab}",stat="{stat}"}}')
                check.same(as_float(sample), as_float(value), f"{where} {metric} {stat}")
                shown += value is not None
    check.same(len(samples), shown, "/metrics/labs samples")


def check_ledger(api, sent, distinct):
    ledger, _ = api.json("/ledger")
    expected = {"received": sent, "committed": distinct, "duplicate": sent - distinct, "in_flight": 0}
    for name, value in expected.items():
        check.same(ledger[name], value, f"/ledger {name}")
        check.same(sum(process[name] for process in ledger["processes"]), value, f"/ledger processes {name}")
    check.same((ledger["rejected"], ledger["balanced"]), ({}, True), "/ledger rejected and balanced")
    rejections, _ = api.json("/rejections")
    check.same(rejections, {"rejections": []}, "/rejections")
    body, _ = api.text("/metrics")
    for name in ("received", "committed", "duplicate"):
        sample = re.search(rf"^humtemp_observations_{name}_total (\d+)$", body, re.MULTILINE)
        check.same(int(sample[1]), expected[name], f"/metrics {name}")


def main(file, shift_to, base):
    labs, sent = read_rows(file, shift_to)
    api, end = Api(base), shift_to
    day, hour = floor_to(end, DAY), floor_to(end, HOUR)
    check_ledger(api, sent, sum(map(len, labs.values())))
    check_labs(api, labs)
    for offset in (0, -1, -2, 1):
        check_averages(api, labs, offset)
    for i, (lab, rows) in enumerate(labs.items()):
        check_lab(api, lab, rows, ON_BORDERS if i % 2 else WITHIN_BINS)
        for resolution in RESOLUTIONS:
            check_series(api, lab, rows, resolution, end - 2 * DAY + 7200, end, ON_BORDERS if i % 2 else None)
        for start, last in ((end - 20 * HOUR, end), (end - 40 * HOUR, end - HOUR), (end - 5 * DAY, end)):
            check_series(api, lab, rows, None, start, last)
        for start, last in (
            (end - DAY, end),
            (hour - 9 * HOUR, hour - 2 * HOUR),
            (end - 40 * HOUR + 17, end - 9 * HOUR),
            (floor_to(end, 300) - 1200, floor_to(end, 300)),
            (day, day + DAY),
        ):
            check_range(api, lab, rows, start, last, WITHIN_BINS if i % 2 else ON_BORDERS)
    names = list(labs)
    prefixed = [lab for lab in names if lab.startswith("library-1")]
    some = names[::3]
    for start, last in (
        (end - DAY, end),
        (hour - 5 * HOUR, hour - HOUR),
        (end - 3 * DAY, end),
        (end - 1500, end - 300),
    ):
        for limits in (ON_BORDERS, WITHIN_BINS):
            check_merged(api, labs, names, [], "", start, last, limits)
            check_merged(api, labs, prefixed, [], "prefix=library-1", start, last, limits)
            check_merged(api, labs, some, ["nobody"], f"labs={quote(','.join(some))},nobody", start, last, limits)
            check_merged(api, labs, [], [], "prefix=nobody", start, last, limits)
    for query, resolution in (
        ("offset=0", "1d"),
        ("offset=-1", "1d"),
        (f"start={hour - HOUR}", "1h"),
        (f"start={end - 600}", "5m"),
    ):
        check_bucket_of_all(api, labs, query, resolution)
        check_bucket_of_all(api, labs, query, resolution, ON_BORDERS)
    check_tables(api, labs, end - 30 * HOUR, end - HOUR)
    check_excursions(api, labs, end - 40 * HOUR, end)
    for lab in some:
        check_time_weighted(api, lab, labs[lab], hour - 9 * HOUR, hour - 2 * HOUR)
        for zone in ("UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"):
            check_days(api, lab, labs[lab], zone, end - 3600, end)
            check_days(api, lab, labs[lab], zone, end - 3 * DAY, end)
    check_stream(api, labs, "", names)
    check_stream(api, labs, f"?labs={quote(names[0])},library-1*,nobody", sorted({names[0], *prefixed}))
    check_monitoring(api, labs)
    result = {
        "rows": sent,
        "distinct": sum(map(len, labs.values())),
        "checks": check.checks,
        "differences": check.differences,
        "worst_percentile_error": {name: float(error) / 1000 for name, error in check.worst.items()},
    }
    print(json.dumps(result))
    return 1 if check.differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
