"""Compares the answers about ranges of time: of one lab, of many, by buckets and by days of a time zone."""

import csv
import io
import math
from urllib.error import HTTPError
from urllib.parse import quote

from answers import as_float, number, rows_in, unix
from checking import check
from definitions import (
    DAY,
    HOUR,
    METRICS,
    RESOLUTIONS,
    average,
    between,
    bin_of,
    coverage,
    days_of,
    excursions,
    floor_to,
    in_unit,
    limits_of,
    listed_labs,
    local_date,
    oldest_kept,
    primary,
    resolution_of_series,
    resolution_of_summary,
    settings_of,
    source_of_days,
    start_of_date,
    values_of,
    widened,
)
from summaries import check_kinetic, check_share, check_summary, check_time_weighted, interval_of

FORMATS = ("json", "ndjson", "csv")
TIME_WEIGHTED = "&time_weighted=true"


def query_of(limits):
    text = lambda limit: "" if limit is None else str(limit / 1000)
    return "".join(f"&{name}={text(low)}..{text(high)}" for name, (low, high) in (limits or {}).items())


def path_of(lab, resource=""):
    return f"/labs/{quote(lab, safe='')}{resource}"


class Buckets:
    """What a range of a query becomes: buckets of a resolution, that which is named or the one that the definition chooses."""

    def __init__(self, start, end, resolution=None):
        self.start, self.end, self.resolution = start, end, resolution
        self.query = f"from={start}&to={end}" + (f"&resolution={resolution}" if resolution else "")

    def check(self, got, moments, choose, where, first="from", last="to"):
        chosen = [self.resolution or choose(self.start, self.end, now) for now in moments]
        check.one_of(got["resolution"], chosen, f"{where} resolution")
        ranges = [widened(self.start, self.end, got["resolution"], now) for now in moments]
        check.one_of((unix(got[first]), unix(got[last])), ranges, f"{where} range")
        duration = RESOLUTIONS[got["resolution"]][0]
        start, end = int(unix(got[first])), int(unix(got[last]))
        return [*range(start, end, duration), end], duration

    def source(self, moments, choose):
        """Edges and duration where an answer does not say them."""
        chosen = self.resolution or choose(self.start, self.end, moments[0])
        start, end = widened(self.start, self.end, chosen, moments[0])
        return [*range(start, end, RESOLUTIONS[chosen][0]), end], RESOLUTIONS[chosen][0]


class Days:
    """Days of a time zone, and what they are merged from."""

    def __init__(self, start, end, zone):
        self.start, self.end, self.zone = start, end, zone
        self.query = f"from={start}&to={end}&tz={quote(zone)}"

    def check(self, got, moments, choose, where, first="from", last="to"):
        edges, duration = self.source(moments, choose)
        check.same((unix(got[first]), unix(got[last])), (edges[0], edges[-1]), f"{where} range")
        # A series names what it is of, a summary what it was merged of.
        expected = "1d" if first == "from" else name_of(duration)
        check.same(got["resolution"], expected, f"{where} resolution")
        return edges, duration

    def source(self, moments, _):
        edges = days_of(self.start, self.end, self.zone, moments[0])
        return edges, RESOLUTIONS[source_of_days(edges, moments[0])][0]

    def can_be_met(self, now):
        return source_of_days(days_of(self.start, self.end, self.zone, now), now) is not None


def pairwise(edges):
    return zip(edges, edges[1:])


def name_of(duration):
    return next(name for name, of in RESOLUTIONS.items() if of[0] == duration)


# --- one lab --------------------------------------------------------------------------------------


def check_series(api, lab, rows, span, limits=None):
    """Every bucket of a range, also the empty ones."""
    path = f"{path_of(lab, '/buckets')}?{span.query}{query_of(limits)}"
    got, moments = api.json(path)
    edges, duration = span.check(got, moments, resolution_of_series, path)
    found = [(unix(bucket["start"]), unix(bucket["end"])) for bucket in got["buckets"]]
    check.same(found, list(pairwise(edges)), f"{path} buckets")
    effective = limits_of(lab, limits)
    for bucket in got["buckets"]:
        where = f"{path} {bucket['start']}"
        is_one = unix(bucket["end"]) - unix(bucket["start"]) == duration
        # A day that is merged of nothing, or of one bucket, is counted as what it is merged of.
        check_summary(
            bucket, rows, moments, where, duration >= HOUR, effective, bucket=None if is_one else duration, interval=interval_of(lab)
        )


def check_range(api, lab, rows, span, limits=None):
    path = f"{path_of(lab, '/summary')}?{span.query}{query_of(limits)}"
    for extra in ("", TIME_WEIGHTED):
        got, moments = api.json(path + extra)
        _, duration = span.check(got, moments, resolution_of_summary, path, "start", "end")
        check_row(got, lab, rows, moments, duration, limits, extra, path)


def check_row(got, lab, rows, moments, duration, limits, extra, where):
    """A summary of a range, with all that it may have."""
    effective = limits_of(lab, limits)
    check_summary(got, rows, moments, where, duration >= HOUR, effective, bucket=duration, interval=interval_of(lab))
    check.part("mean kinetic temperature", lambda: check_kinetic(got, rows, duration >= HOUR, where))
    if extra:
        check.part("time-weighted", lambda: check_time_weighted(got, rows, moments, where))
    else:
        check.same(got.get("time_weighted"), None, f"{where} time_weighted")


# --- many labs ------------------------------------------------------------------------------------


def check_merged(api, labs, chosen, unknown, query, span, limits=None):
    """One summary of many labs; its coverage is the mean of theirs. Limits of the labs file are not its own."""
    path = f"/summaries?{span.query}{query_of(limits)}" + (f"&{query}" if query else "")
    got, moments = api.json(path)
    _, duration = span.check(got, moments, resolution_of_summary, path, "start", "end")
    first, last = unix(got["start"]), unix(got["end"])
    counts = [len(between(labs[lab], first, last)) for lab in chosen]
    check.same(got["labs"], len(chosen), f"{path} labs")
    check.same(got["labs_with_observations"], sum(count > 0 for count in counts), f"{path} labs_with_observations")
    check.same(got["unknown"], unknown, f"{path} unknown")

    def mean_coverage(_, start, end, now, __, ___):
        of_each = [
            coverage(between(labs[lab], start, end), start, end, now, duration, interval_of(lab)) for lab in chosen
        ]
        if not of_each or of_each[0]["any"] is None:
            return {"any": None, "temp": None, "humidity": None}
        return {key: math.fsum(of[key] for of in of_each) / len(of_each) for key in ("any", *METRICS)}

    rows = sorted((row for lab in chosen for row in labs[lab]), key=lambda row: row.time)
    check_summary(got, rows, moments, path, duration >= HOUR, limits, covered=mean_coverage)


def check_tables(api, labs, span, limits=None):
    """Summaries of all labs in one answer, in each format."""
    for form in FORMATS:
        for extra in ("", TIME_WEIGHTED):
            path = f"/lab-summaries?{span.query}{query_of(limits)}{extra}&format={form}"
            body, moments = api.text(path)
            table = rows_in(body, form, "labs")
            known = sorted({*labs, *listed_labs()})
            check.same([one["lab_id"] for one in table], known, f"{path} labs")
            edges, duration = span.source(moments, resolution_of_summary)
            for one in table:
                lab, where = one["lab_id"], f"{path} {one['lab_id']}"
                settings = settings_of(lab)
                check.same((one["name"], one["group"]), (settings.name, settings.group), f"{where} name, group")
                check.same((unix(one["start"]), unix(one["end"])), (edges[0], edges[-1]), f"{where} range")
                shown = extra if form != "csv" or one.get("time_weighted") else ""
                check_row(one, lab, labs.get(lab, []), moments, duration, limits, shown, where)


def check_series_of_labs(api, labs, span):
    path = f"/lab-series?{span.query}"
    got, moments = api.json(path)
    edges, _ = span.check(got, moments, resolution_of_series, path)
    check.same([unix(one) for one in got["starts"]], edges[:-1], f"{path} starts")
    known = sorted({*labs, *listed_labs()})
    check.same([one["lab_id"] for one in got["labs"]], known, f"{path} labs")
    for one in got["labs"]:
        check_columns(one, labs.get(one["lab_id"], []), edges, f"{path} {one['lab_id']}")
    body, _ = api.text(f"{path}&format=ndjson")
    check.same(rows_in(body, "ndjson"), got["labs"], f"{path} as NDJSON")
    body, _ = api.text(f"{path}&format=csv")
    check.same(columns_in(body), got["labs"], f"{path} as CSV")


def check_columns(one, rows, edges, where):
    check.same(one["name"], settings_of(one["lab_id"]).name, f"{where} name")
    for name in METRICS:
        buckets = [values_of(between(rows, start, end), name) for start, end in pairwise(edges)]
        series = one[name]
        check.same(series["count"], [len(values) for values in buckets], f"{where} {name} count")
        check.same([as_float(x) for x in series["avg"]], [average(values) for values in buckets], f"{where} {name} avg")
        check.same(series["min"], [in_unit(min(values, default=None)) for values in buckets], f"{where} {name} min")
        check.same(series["max"], [in_unit(max(values, default=None)) for values in buckets], f"{where} {name} max")


def columns_in(body):
    """The lines of a series' CSV as the labs that they are in JSON."""
    labs = {}
    for cells in csv.DictReader(io.StringIO(body)):
        lab = labs.setdefault(
            cells["lab_id"],
            {
                "lab_id": cells["lab_id"],
                "name": cells["name"] or None,
                **{name: {key: [] for key in ("count", "avg", "min", "max")} for name in METRICS},
            },
        )
        for name in METRICS:
            for key, column in lab[name].items():
                text = cells[f"{name}_{key}"]
                column.append(int(text) if key == "count" else number(text))
    return list(labs.values())


def check_excursions(api, labs, span, limits=None):
    path = f"/excursions?{span.query}{query_of(limits)}"
    got, moments = api.json(path)
    edges, duration = span.check(got, moments, resolution_of_series, path)
    expected = []
    for lab, rows in labs.items():
        for name, limit in limits_of(lab, limits).items():
            if limit is None:
                continue
            buckets = [(start, end, values_of(between(rows, start, end), name)) for start, end in pairwise(edges)]
            expected += [(lab, name, *run) for run in excursions(buckets, limit)]
    check.same(len(got["excursions"]), len(expected), f"{path} runs")
    for one, (lab, name, side, limit, run) in zip(got["excursions"], expected):
        where, values = f"{path} {lab} {name} {one['start']}", [value for _, _, of in run for value in of]
        peak = max(values) if side == "above" else min(values)
        found = [one[key] for key in ("lab_id", "name", "metric", "side", "limit", "peak", "observations")]
        named = settings_of(lab).name
        check.same(found, [lab, named, name, side, in_unit(limit), in_unit(peak), len(values)], where)
        check.same((unix(one["start"]), unix(one["end"])), (run[0][0], run[-1][1]), f"{where} range")
        check.one_of(one["ongoing"], [run[-1][1] > now for now in moments], f"{where} ongoing")
        check_beyond(one["share"], [of for _, _, of in run], name, side, limit, duration >= HOUR, f"{where} share")
    for form in ("ndjson", "csv"):
        body, _ = api.text(f"{path}&format={form}")
        lines = body.splitlines()[1 if form == "csv" else 0 :]
        check.same(len(lines), len(expected), f"{path} as {form}")


def check_beyond(got, buckets, name, side, limit, histogram, where):
    """The share of the values of a run that are beyond: exact where all of a bucket are, else as far as histograms say."""
    is_beyond = (lambda value: value > limit) if side == "above" else (lambda value: value < limit)
    nearest = limit + 1 if side == "above" else limit - 1
    beyond = cut = count = 0
    is_known = True
    for values in buckets:
        count += len(values)
        beyond += sum(map(is_beyond, values))
        if all(map(is_beyond, values)):
            continue
        is_known = is_known and histogram
        cut += sum(bin_of(value, name) in (bin_of(nearest, name), bin_of(limit, name)) for value in values)
    if not is_known:
        check.same(got, None, where)
    elif got is None:
        check.same(got, beyond / count, where)
    else:
        check_share(got, beyond, cut, count, where)


# --- one bucket of all labs -----------------------------------------------------------------------


def check_averages(api, labs, offset):
    """The original contract."""
    got, moments = api.json(f"/summary?offset={offset}")
    possible, duration = [], RESOLUTIONS[primary()][0]
    for now in moments:
        start = floor_to(now, duration) + offset * duration
        inside = {lab: between(rows, start, start + duration) for lab, rows in labs.items()}
        if start < oldest_kept(primary(), now):
            inside = {}
        averages = lambda rows: (average(values_of(rows, name)) for name in METRICS)
        possible.append([(lab, *averages(rows)) for lab, rows in inside.items() if rows])
    answered = [(one["lab_id"], *(as_float(one[f"avg_{name}"]) for name in METRICS)) for one in got]
    check.one_of(answered, possible, f"/summary?offset={offset}")


def check_bucket_of_all(api, labs, query, resolution, limits=None):
    """One bucket of all labs, in each format."""
    duration, _ = RESOLUTIONS[resolution]
    for form in FORMATS:
        path = f"/buckets?{query}&resolution={resolution}&format={form}{query_of(limits)}"
        body, moments = api.text(path)
        buckets = rows_in(body, form)
        starts = {unix(bucket["start"]) for bucket in buckets}
        check.that(len(starts) <= 1, f"{path} starts", starts, "one")
        for start in starts:
            expected = [lab for lab, rows in labs.items() if between(rows, start, start + duration)]
            check.same(sorted(bucket["lab_id"] for bucket in buckets), expected, f"{path} labs")
        for bucket in buckets:
            check.same(unix(bucket["end"]), unix(bucket["start"]) + duration, f"{path} end")
            check_bucket_row(bucket, labs, moments, duration, None, limits, path)


def check_bucket_row(bucket, labs, moments, duration, merged_of, limits, path):
    lab, where = bucket["lab_id"], f"{path} {bucket['lab_id']}"
    effective = limits_of(lab, limits)
    check_summary(
        bucket, labs[lab], moments, where, duration >= HOUR, effective, bucket=merged_of, interval=interval_of(lab)
    )


def check_day_of_all(api, labs, zone, moment, limits=None):
    """One day of a time zone of all labs, by a time within it and by its distance from today."""
    _, (now, _) = api.text("/livez")
    date = local_date(moment, zone)
    start, end = days_of(moment, moment + 1, zone, now)
    source = source_of_days([start, end], now)
    offset = (date - local_date(now, zone)).days
    for form in FORMATS:
        for day in (f"start={moment}", f"offset={offset}", f"start={date}"):
            path = f"/buckets?{day}&tz={quote(zone)}&format={form}{query_of(limits)}"
            body, moments = api.text(path)
            buckets = rows_in(body, form)
            expected = [lab for lab, rows in labs.items() if between(rows, start, end)]
            check.same([bucket["lab_id"] for bucket in buckets], expected, f"{path} labs")
            for bucket in buckets:
                check.same((unix(bucket["start"]), unix(bucket["end"])), (start, end), f"{path} borders")
                duration = RESOLUTIONS[source][0]
                check_bucket_row(bucket, labs, moments, duration, duration, limits, path)
    check.same(start_of_date(date, zone), start, f"{zone} {date} start")


# --- days -----------------------------------------------------------------------------------------


def check_days(api, labs, zone, start, end, limits):
    """Every answer that is about days, of one lab and of many."""
    span = Days(start, end, zone)
    _, (now, _) = api.text("/livez")
    if not span.can_be_met(now):
        for path in (f"{path_of(next(iter(labs)), '/buckets')}", "/lab-series", "/lab-summaries", "/excursions", "/summaries"):
            check.same(status_of(api, f"{path}?{span.query}"), 400, f"{path}?{span.query}")
        return
    for i, (lab, rows) in enumerate(labs.items()):
        check_series(api, lab, rows, span, limits if i % 2 else None)
        check_range(api, lab, rows, span, limits if i % 2 else None)
    check_tables(api, labs, span, limits)
    check_series_of_labs(api, labs, span)
    check_excursions(api, labs, span, limits)
    check_merged(api, labs, list(labs), [], "", span, limits)
    for moment in range(start, end, DAY):
        check_day_of_all(api, labs, zone, moment, limits)


def status_of(api, path):
    try:
        api.text(path)
        return 200
    except HTTPError as error:
        return error.code
