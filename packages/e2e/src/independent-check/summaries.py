"""Compares a summary of an interval with the rows that it is about."""

import math
from decimal import Decimal

from answers import as_float, unix
from checking import check
from definitions import (
    BIN,
    HOLD,
    HOUR,
    METRICS,
    RESOLUTIONS,
    Limits,
    average,
    between,
    bin_of,
    coverage,
    having,
    in_unit,
    is_within,
    kinetic_mean,
    resolution_of_time_averages,
    settings_of,
    stddev,
    time_average,
    values_of,
)

# In hundredths.
PERCENTILES = {"p05": 5, "p50": 50, "p95": 95}
STDDEV_ERROR = Decimal("3e-16")
# What rounding to a millionth can add.
ROUNDING = 2e-6


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
    if covered is not None:
        check_coverage(got["coverage"], [of[name] for of in covered], f"{where} {name}")
    if limits is None:
        check.same(got.get("in_range"), None, f"{where} {name} in_range without limits")
    else:
        check_in_range(got["in_range"], ranked, name, limits, where, histogram)


def check_in_range(got, values, name, limits, where, histogram):
    low, high = limits
    within = sum(is_within(value, limits) for value in values)
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
    check_share(got, within, cut, len(values), f"{where} {name} in_range")


def check_share(got, exact, cut, count, where):
    """A share that is exact but for the values in the bins that limits cut."""
    if cut == 0:
        check.that(abs(float(got) - exact / count) < 1e-12, where, got, exact / count)
    else:
        check.that(abs(got * count - exact) <= cut + Decimal("1e-9"), where, got, exact / count)


def check_summary(
    got, rows, moments, where, histogram=True, limits=None, covered=coverage, bucket=None, interval=None, has_coverage=True
):
    """
    A summary, whose interval it says, against all rows of those that it is about; returns these.
    `limits` by metric; `bucket` the duration of the buckets that it is merged from; `interval` the expected one.
    """
    limits = limits or {}
    start, end = unix(got["start"]), unix(got["end"])
    inside = between(rows, start, end)
    check.same(got["observations"], len(inside), f"{where} observations")
    check.same(unix(got["first"]), inside[0].time if inside else None, f"{where} first")
    check.same(unix(got["last"]), inside[-1].time if inside else None, f"{where} last")
    check.one_of(got["complete"], [end <= now for now in moments], f"{where} complete")
    shares = None
    if has_coverage:
        shares = [covered(inside, start, end, now, bucket or end - start, interval) for now in moments]
        check_coverage(got["coverage"], [of["any"] for of in shares], where)
    for name in METRICS:
        check_metric(got[name], values_of(inside, name), name, where, histogram, limits.get(name), shares)
    return inside


def check_coverage(got, possible, where):
    """Of an interval that is not over it falls while it is asked for."""
    if None in possible or got is None:
        check.one_of(got, possible, f"{where} coverage")
    else:
        holds = min(possible) - 1e-15 <= got <= max(possible) + 1e-15
        check.that(holds, f"{where} coverage", got, possible)


def check_kinetic(got, rows, histogram, where):
    temps = values_of(between(rows, unix(got["start"]), unix(got["end"])), "temp")
    if not temps or not histogram:
        check.same(got["mean_kinetic_temp"], None, f"{where} mean_kinetic_temp")
        return
    exactly, kinetic = kinetic_mean(temps), got["mean_kinetic_temp"]
    holds = abs(float(kinetic["value"]) - exactly) <= float(kinetic["error"]) + 1e-6
    check.that(holds and kinetic["error"] <= Decimal("0.1001"), f"{where} mean_kinetic_temp", kinetic["value"], exactly)


def check_time_weighted(got, rows, moments, where):
    """The averages over time are no further from the exact ones than they say."""
    first, end = int(unix(got["start"])), int(unix(got["end"]))
    # A range that is not over ends now, which moves while it is asked for: the shorter it is, the more that shows.
    lasts = [min(end, now) for now in moments]
    if first >= end:
        return check.same(got.get("time_weighted"), None, f"{where} time_weighted")
    hold = max(HOLD, RESOLUTIONS[resolution_of_time_averages(first, end, moments[0])][0])
    for name in METRICS:
        found = got["time_weighted"][name]
        possible = [time_average(rows, name, first, last, hold) for last in lasts]
        averages = [exactly for exactly, _ in possible if exactly is not None]
        inside = between(rows, first - hold, lasts[-1])
        is_exact = len(having(inside, name)) == len(inside)
        if found is None or not averages:
            # Nothing is held; of a metric that not every observation has, it may look as if it were.
            holds = len(averages) < len(possible) and (found is None or not is_exact)
            check.that(holds, f"{where} time_weighted {name}", found, averages)
            continue
        error = float(found["error"]) + ROUNDING
        holds = min(averages) - error <= float(found["avg"]) <= max(averages) + error
        check.that(holds, f"{where} time_weighted {name}", found["avg"], averages)
        shares = [weight / (last - first) for (_, weight), last in zip(possible, lasts) if last > first]
        covered = float(found["covered"])
        holds = covered > min(shares) - 1e-4 and (not is_exact or covered < max(shares) + 1e-4)
        check.that(holds, f"{where} time_weighted {name} covered", covered, shares)


def interval_of(lab):
    return settings_of(lab).interval
