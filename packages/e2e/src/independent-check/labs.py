"""Compares what is said of labs now: their latest values, ages and staleness, for people, streams and Prometheus."""

import math
import re
from urllib.parse import quote

from answers import as_float, unix
from checking import check
from definitions import (
    METRICS,
    RESOLUTIONS,
    average,
    between,
    floor_to,
    having,
    in_unit,
    is_within,
    last_value,
    limits_of,
    listed_labs,
    longest_lived,
    primary,
    settings_of,
    values_of,
)
from summaries import check_summary, interval_of

SILENT_INTERVALS = 3


def newest_bucket(rows):
    """Rows of the newest bucket of the longest-lived resolution."""
    return between(rows, floor_to(rows[-1].time, RESOLUTIONS[longest_lived()][0]), rows[-1].time + 1)


def recent(rows, now):
    """Rows in which the newest value of a metric is looked for: also those of this and the previous primary bucket."""
    day = RESOLUTIONS[primary()][0]
    return between(rows, min(floor_to(now, day) - day, newest_bucket(rows)[0].time), math.inf)


def check_latest(got, rows, where):
    check.same(unix(got["timestamp"]), rows[-1].time, f"{where} timestamp")
    for name in METRICS:
        check.same(got[name], last_value(newest_bucket(rows), name), f"{where} {name}")


def check_age(got, moments, time, where):
    ages = [now - time for now in moments]
    check.that(ages[0] - 0.01 <= got <= ages[1] + 0.01, f"{where} age_s", got, ages)


def stale_times(rows, now):
    """The times that must not be long ago: of the latest observation, and of the latest value of each metric."""
    return [rows[-1].time, *(having(recent(rows, now), name)[-1].time for name in METRICS if having(recent(rows, now), name))]


def check_status(got, lab, rows, moments, where):
    settings = settings_of(lab)
    most = SILENT_INTERVALS * settings.interval
    check_latest(got["latest"], rows, f"{where} latest")
    check_age(got["age_s"], moments, rows[-1].time, where)
    check.same((got["name"], got["group"]), (settings.name, settings.group), f"{where} name, group")
    check.same(got["expected_interval_s"], settings.interval, f"{where} expected_interval_s")
    for name in METRICS:
        metric, limits, where_of = got["metrics"][name], getattr(settings, name), f"{where} metrics {name}"
        shown = None if limits is None else {"min": in_unit(limits.low), "max": in_unit(limits.high)}
        check.same(got["limits"][name], shown, f"{where} limits {name}")
        of_metric = having(recent(rows, moments[0]), name)
        if not of_metric:
            check.same(metric, None, where_of)
            continue
        value, time = last_value(of_metric, name), of_metric[-1].time
        check.same(unix(metric["timestamp"]), time, f"{where_of} timestamp")
        check.same(metric["value"], value, f"{where_of} value")
        check_age(metric["age_s"], moments, time, where_of)
        check.one_of(metric["stale"], [now - time > most for now in moments], f"{where_of} stale")
        expected = None if limits is None else is_within(value * 1000, limits)
        check.same(metric["in_range"], expected, f"{where_of} in_range")
    possible = [any(now - time > most for time in stale_times(rows, now)) for now in moments]
    check.one_of(got["stale"], possible, f"{where} stale")


def check_labs(api, labs):
    groups = sorted({settings_of(lab).group for lab in labs} - {None})
    stale = lambda now: [lab for lab in labs if any(now - t > 3 * interval_of(lab) for t in stale_times(labs[lab], now))]
    for query, expected in (
        ("", list(labs)),
        ("&prefix=library-1", [lab for lab in labs if lab.startswith("library-1")]),
        ("&prefix=nobody", []),
        *((f"&group={quote(group)}", [lab for lab in labs if settings_of(lab).group == group]) for group in groups),
        ("&stale=true", stale),
        ("&stale=false", lambda now: [lab for lab in labs if lab not in stale(now)]),
    ):
        seen, never_heard, cursor, begin = [], [], "", None
        while cursor is not None:
            page, moments = api.json(f"/labs?limit=7{query}" + (f"&cursor={cursor}" if cursor else ""))
            begin = begin or moments[0]
            for got in page["labs"]:
                seen.append(got["lab_id"])
                check_status(got, got["lab_id"], labs[got["lab_id"]], moments, f"/labs {got['lab_id']}")
            never_heard += [one["lab_id"] for one in page["never_heard"]]
            cursor = page["next_cursor"]
        if callable(expected):
            check.one_of(seen, [expected(begin), expected(moments[1])], f"/labs{query}")
        else:
            check.same(seen, expected, f"/labs{query}")
        if query == "":
            check.same(never_heard, sorted(set(listed_labs()) - set(labs)), "/labs never_heard")


def check_lab(api, lab, rows, query, limits):
    got, moments = api.json(f"/labs/{quote(lab, safe='')}?{query}")
    check_status(got, lab, rows, moments, f"/labs/{lab}")
    duration = RESOLUTIONS[primary()][0]
    for name, offset in (("current", 0), ("previous", -1)):
        starts = [floor_to(now, duration) + offset * duration for now in moments]
        if got[name] is None:
            counts = [len(between(rows, start, start + duration)) for start in starts]
            check.one_of(0, counts, f"/labs/{lab} {name}")
            continue
        check.one_of(unix(got[name]["start"]), starts, f"/labs/{lab} {name} start")
        effective = limits_of(lab, limits)
        check_summary(got[name], rows, moments, f"/labs/{lab} {name}", limits=effective, interval=interval_of(lab))


def check_stream(api, labs, query, expected):
    """The first event: the state of all labs that are asked for."""
    event, _, data, moments = api.first_event(f"/stream{query}")
    check.same(event, "snapshot", f"/stream{query}")
    check.same(sorted(got["lab_id"] for got in data["labs"]), expected, f"/stream{query} labs")
    duration = RESOLUTIONS[primary()][0]
    for got in data["labs"]:
        where, rows = f"/stream{query} {got['lab_id']}", labs[got["lab_id"]]
        check_latest(got["latest"], rows, where)
        if got["current"] is not None:
            starts = [floor_to(now, duration) for now in moments]
            check.one_of(unix(got["current"]["start"]), starts, f"{where} start")
            check.same("coverage" in got["current"], False, f"{where} coverage")
            check_summary(got["current"], rows, moments, where, has_coverage=False)
        else:
            counts = [len(between(rows, floor_to(now, duration), now + 60)) for now in moments]
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
    for lab in set(listed_labs()) - set(labs):
        check.same(samples.get(f'humtemp_lab_stale{{lab="{lab}"}}'), "1", f"/metrics/labs {lab} stale")
        shown += 1
    duration = RESOLUTIONS[primary()][0]
    for row in rows:
        lab, of_lab, where = row["lab_id"], labs[row["lab_id"]], f"/metrics/labs {row['lab_id']}"
        start, settings = unix(row["start"]), settings_of(row["lab_id"])
        check.one_of(start, [floor_to(now, duration) for now in (before, after)], f"{where} start")
        check.same(unix(row["end"]), start + duration, f"{where} end")
        inside = between(of_lab, start, start + duration)
        check.same(row["observations"], len(inside), f"{where} observations")
        check.same(unix(row["last"]), of_lab[-1].time, f"{where} last")
        age = before - of_lab[-1].time
        check.that(age - 0.01 <= row["age_s"] <= age + 60, f"{where} age_s", row["age_s"], age)
        sampled_count = int(samples[f'humtemp_lab_bucket_observations{{lab="{lab}"}}'])
        check.same(sampled_count, len(inside), f"{where} observations")
        sampled_age = float(samples[f'humtemp_lab_age_seconds{{lab="{lab}"}}'])
        check.that(age - 0.01 <= sampled_age <= age + 60, f"{where} age", sampled_age, age)
        stale = [
            str(int(any(now - time > 3 * settings.interval for time in stale_times(of_lab, now))))
            for now in (before, after + 60)
        ]
        check.one_of(samples[f'humtemp_lab_stale{{lab="{lab}"}}'], stale, f"{where} stale")
        shown += 3
        for name, metric in (("temp", "temperature_celsius"), ("humidity", "humidity_percent")):
            values = values_of(inside, name)
            expected = {
                "avg": average(values),
                "min": in_unit(min(values, default=None)),
                "max": in_unit(max(values, default=None)),
                "last": last_value(newest_bucket(of_lab), name),
            }
            for stat, value in expected.items():
                check.same(as_float(row[f"{name}_{stat}"]), as_float(value), f"{where} {name}_{stat}")
                sample = samples.get(f'humtemp_lab_{metric}{{lab="{lab}",stat="{stat}"}}')
                check.same(as_float(sample), as_float(value), f"{where} {metric} {stat}")
                shown += value is not None
            latest, limits = last_value(recent(of_lab, before), name), getattr(settings, name)
            outside = None if latest is None or limits is None else str(int(not is_within(latest * 1000, limits)))
            sample = samples.get(f'humtemp_lab_out_of_range{{lab="{lab}",metric="{name}"}}')
            check.same(sample, outside, f"{where} {name} out_of_range")
            shown += outside is not None
    check.same(len(samples), shown, "/metrics/labs samples")


def check_ledger(api, sent, distinct, redelivered):
    ledger, _ = api.json("/ledger")
    check.same(ledger["received"] >= sent, True, "/ledger received all")
    received = ledger["received"] if redelivered else sent
    expected = {"received": received, "committed": distinct, "duplicate": received - distinct, "in_flight": 0}
    for name, value in expected.items():
        check.same(ledger[name], value, f"/ledger {name}")
        if not redelivered:
            check.same(sum(process[name] for process in ledger["processes"]), value, f"/ledger processes {name}")
    check.same((ledger["rejected"], ledger["balanced"]), ({}, True), "/ledger rejected and balanced")
    rejections, _ = api.json("/rejections")
    check.same(rejections, {"rejections": []}, "/rejections")
    body, _ = api.text("/metrics")
    # An API that receives nothing itself has only those of all processes.
    of_one = r"^humtemp_observations_{}_total (\d+)$"
    pattern = of_one if "humtemp_observations_" in body else r"^humtemp_fleet_observations_{}_total{{[^}}]*}} (\d+)$"
    for name in ("received", "committed", "duplicate"):
        samples = re.findall(pattern.format(name), body, re.MULTILINE)
        if not redelivered:
            check.same(sum(map(int, samples)), expected[name], f"/metrics {name}")
