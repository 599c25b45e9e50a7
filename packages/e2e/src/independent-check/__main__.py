"""Computes what the API must answer after `humtemp replay FILE --shift-to SHIFT_TO`, and compares it with its answers.

    python3 independent-check FILE SHIFT_TO BASE_URL [--labs LABS_FILE] [--resolutions 1d:2,5m:288,1h:168] [--zones A,B]

FILE has the columns lab_id, timestamp (whole Unix seconds), temp, humidity; values have up to three decimals and may
be empty. The replay must be the first and only one into the store, SHIFT_TO whole Unix seconds that are not in the
future, and the configuration the default, but for what the options say: the labs file, and the resolutions with the
buckets that are kept, the primary one first. With --redelivered, rows may have been received more than once. Prints the first differences, and as the last line what was checked, as
JSON. The exit code is 1 if there is a difference.

Nothing of humtemp is used: every number comes from the rows, as docs/protocol.md defines it, in whole numbers of
thousandths, which Python does not round.
"""

import argparse
import json
import sys
from urllib.parse import quote

from answers import Api
from checking import check
from definitions import DAY, HOUR, METRICS, RESOLUTIONS, Limits, configure, floor_to, primary, read_rows
from labs import check_lab, check_labs, check_ledger, check_monitoring, check_stream
from ranges import (
    Buckets,
    check_averages,
    check_bucket_of_all,
    check_days,
    check_excursions,
    check_merged,
    check_range,
    check_series,
    check_series_of_labs,
    check_tables,
    query_of,
)

ZONES = "UTC,Europe/Berlin,Asia/Kathmandu,Australia/Lord_Howe"
ON_BORDERS = {"temp": Limits(20_000, 24_000), "humidity": Limits(None, 50_000)}
WITHIN_BINS = {"temp": Limits(21_437, 23_080), "humidity": Limits(40_300, None)}
TEMP_ONLY = {"temp": Limits(20_000, 24_000)}


def check_labs_one_by_one(api, labs, end):
    day, hour = floor_to(end, DAY), floor_to(end, HOUR)
    for i, (lab, rows) in enumerate(labs.items()):
        limits, others = (ON_BORDERS, WITHIN_BINS) if i % 2 else (WITHIN_BINS, ON_BORDERS)
        check_lab(api, lab, rows, query_of(limits)[1:], limits)
        for resolution in RESOLUTIONS:
            span = Buckets(end - 2 * DAY + 7200, end, resolution)
            check_series(api, lab, rows, span, ON_BORDERS if i % 2 else None)
        for start, last in ((end - 20 * HOUR, end), (end - 40 * HOUR, end - HOUR), (end - 5 * DAY, end)):
            check_series(api, lab, rows, Buckets(start, last))
        for start, last in (
            (end - DAY, end),
            (hour - 9 * HOUR, hour - 2 * HOUR),
            (end - 40 * HOUR + 17, end - 9 * HOUR),
            (floor_to(end, 300) - 1200, floor_to(end, 300)),
            (day, day + DAY),
        ):
            check_range(api, lab, rows, Buckets(start, last), others if i % 3 else None)
        for resolution in RESOLUTIONS:
            check_range(api, lab, rows, Buckets(hour - 9 * HOUR, hour - 2 * HOUR, resolution), TEMP_ONLY)


def check_many_labs(api, labs, end):
    hour, names = floor_to(end, HOUR), list(labs)
    prefixed = [lab for lab in names if lab.startswith("library-1")]
    some = names[::3]
    for start, last in (
        (end - DAY, end),
        (hour - 5 * HOUR, hour - HOUR),
        (end - 3 * DAY, end),
        (end - 1500, end - 300),
    ):
        for limits in (ON_BORDERS, WITHIN_BINS):
            span = Buckets(start, last)
            check_merged(api, labs, names, [], "", span, limits)
            check_merged(api, labs, prefixed, [], "prefix=library-1", span, limits)
            check_merged(api, labs, some, ["nobody"], f"labs={quote(','.join(some))},nobody", span, limits)
            check_merged(api, labs, [], [], "prefix=nobody", span, limits)
    for span, limits in (
        (Buckets(end - 30 * HOUR, end - HOUR, "1h"), None),
        (Buckets(hour - 5 * HOUR, hour, "5m"), WITHIN_BINS),
        (Buckets(end - DAY, end), ON_BORDERS),
    ):
        check_tables(api, labs, span, limits)
        check_series_of_labs(api, labs, span)
        check.part("excursions", lambda: check_excursions(api, labs, span, limits))
        check.part("excursions", lambda: check_excursions(api, labs, span, TEMP_ONLY))


def check_one_bucket(api, labs, end):
    hour, duration = floor_to(end, HOUR), RESOLUTIONS[primary()][0]
    for query, resolution in (
        ("offset=0", primary()),
        ("offset=-1", primary()),
        (f"start={floor_to(end, duration)}", primary()),
        (f"start={hour - HOUR}", "1h"),
        (f"start={end - 600}", "5m"),
    ):
        for limits in (None, ON_BORDERS):
            check_bucket_of_all(api, labs, query, resolution, limits)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("shift_to", type=int)
    parser.add_argument("base_url")
    parser.add_argument("--labs")
    parser.add_argument("--resolutions")
    parser.add_argument("--zones", default=ZONES)
    parser.add_argument("--redelivered", action="store_true")
    given = parser.parse_args()
    configure(given.resolutions, given.labs)
    labs, sent = read_rows(given.file, given.shift_to)
    api, end, names = Api(given.base_url), given.shift_to, list(labs)
    prefixed = [lab for lab in names if lab.startswith("library-1")]
    begin = min(rows[0].time for rows in labs.values())

    check.part("ledger", lambda: check_ledger(api, sent, sum(map(len, labs.values())), given.redelivered))
    check.part("labs", lambda: check_labs(api, labs))
    for offset in (0, -1, -2, 1):
        check.part("averages", lambda: check_averages(api, labs, offset))
    check.part("each lab", lambda: check_labs_one_by_one(api, labs, end))
    check.part("many labs", lambda: check_many_labs(api, labs, end))
    check.part("one bucket", lambda: check_one_bucket(api, labs, end))
    for zone in given.zones.split(","):
        # All that was sent, and what ends today.
        for start, last in ((begin, end), (end - HOUR, end)):
            check.part(zone, lambda: check_days(api, labs, zone, start, last, TEMP_ONLY))
    check.part("stream", lambda: check_stream(api, labs, "", names))
    query = f"?labs={quote(names[0])},library-1*,nobody"
    check.part("stream", lambda: check_stream(api, labs, query, sorted({names[0], *prefixed})))
    check.part("monitoring", lambda: check_monitoring(api, labs))
    result = {
        "rows": sent,
        "distinct": sum(map(len, labs.values())),
        "checks": check.checks,
        "differences": check.differences,
        "by_part": check.by_kind,
        "worst_percentile_error": {name: float(check.worst[name]) / 1000 for name in METRICS},
    }
    print(json.dumps(result))
    return 1 if check.differences else 0


if __name__ == "__main__":
    sys.exit(main())
