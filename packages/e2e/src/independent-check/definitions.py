"""What humtemp's numbers mean, computed from rows, as docs/protocol.md defines it. Nothing of humtemp is used."""

import csv
import math
from bisect import bisect_left
from collections import defaultdict, namedtuple
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from zoneinfo import ZoneInfo

HOUR, DAY = 3600, 86400
# Resolution: duration in seconds, buckets kept. The first one is the primary. What `configure` says goes before it.
RESOLUTIONS = {"1d": (DAY, 2), "5m": (300, 288), "1h": (HOUR, 168)}
EXPECTED_INTERVAL = 30
METRICS = ("temp", "humidity")
# In thousandths, as all values here.
BIN = {"temp": 100, "humidity": 500}
SERIES_BUCKETS = 300
HOLD = HOUR
UNITS = {"s": 1, "m": 60, "h": HOUR, "d": DAY, "w": 7 * DAY}

# time in Unix seconds; temp and humidity in thousandths, or None.
Row = namedtuple("Row", "time temp humidity")
# Both ends are within; either may be None.
Limits = namedtuple("Limits", "low high")
# What the labs file says of a lab.
Settings = namedtuple("Settings", "name group temp humidity interval")
LABS_LINES = []


def configure(resolutions, labs_file):
    """@param resolutions the primary one first, such as 1d:400,5m:86400,1h:7200: duration and buckets kept."""
    if resolutions:
        RESOLUTIONS.clear()
        for one in resolutions.split(","):
            name, retention = one.split(":")
            RESOLUTIONS[name] = (int(name[:-1]) * UNITS[name[-1]], int(retention))
    if labs_file:
        with open(labs_file, newline="", encoding="utf-8") as lines:
            LABS_LINES.extend(csv.DictReader(lines))


def primary():
    return next(iter(RESOLUTIONS))


def longest_lived():
    return max(RESOLUTIONS, key=lambda name: math.prod(RESOLUTIONS[name]))


# --- rows -----------------------------------------------------------------------------------------


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


def having(rows, name):
    return [row for row in rows if getattr(row, name) is not None]


def values_of(rows, name):
    return [getattr(row, name) for row in having(rows, name)]


def last_value(rows, name):
    """In its unit, of the latest moment that has the metric; the larger of two at the same moment."""
    return in_unit(max(((row.time, getattr(row, name)) for row in having(rows, name)), default=(None, None))[1])


def in_unit(value):
    return None if value is None else Decimal(value) / 1000


def average(values):
    """In its unit; a division of integers, which Python rounds correctly."""
    return sum(values) / (1000 * len(values)) if values else None


# --- the labs file --------------------------------------------------------------------------------


def settings_of(lab):
    """Of each setting that of the longest pattern that has it; limits of a metric are one setting."""
    matching = [line for line in LABS_LINES if fits(line["lab_id"], lab)]
    matching.sort(key=lambda line: (not line["lab_id"].endswith("*"), len(line["lab_id"])))
    found = {"name": None, "group": None, "temp": None, "humidity": None, "interval": EXPECTED_INTERVAL}
    for line in matching:
        for key in ("name", "group"):
            found[key] = line.get(key) or found[key]
        for key in METRICS:
            ends = [line.get(f"{key}_{end}") for end in ("min", "max")]
            if any(ends):
                found[key] = Limits(*(int(Decimal(end) * 1000) if end else None for end in ends))
        interval = line.get("expected_interval")
        if interval:
            found["interval"] = int(interval[:-1]) * UNITS[interval[-1]]
    return Settings(**found)


def fits(pattern, lab):
    return lab.startswith(pattern[:-1]) if pattern.endswith("*") else lab == pattern


def listed_labs():
    return [line["lab_id"] for line in LABS_LINES if not line["lab_id"].endswith("*")]


def limits_of(lab, query):
    """By metric: those of the query, or else of the labs file."""
    query, settings = query or {}, settings_of(lab)
    return {name: query[name] if name in query else getattr(settings, name) for name in METRICS}


def is_within(value, limits):
    return (limits.low is None or limits.low <= value) and (limits.high is None or value <= limits.high)


# --- buckets --------------------------------------------------------------------------------------


def floor_to(moment, duration):
    return math.floor(moment / duration) * duration


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


def finest_first():
    return sorted(RESOLUTIONS, key=lambda name: RESOLUTIONS[name])


def reaching_back(start, now):
    """Resolutions that keep the bucket of a moment, the finest first; if none does, the one that reaches furthest."""
    names = [name for name in finest_first() if floor_to(start, RESOLUTIONS[name][0]) >= oldest_kept(name, now)]
    return names or [longest_lived()]


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


def resolution_of_time_averages(start, end, now):
    """The finest that is kept for so long and has both borders; else the coarsest."""
    for name in finest_first():
        duration = RESOLUTIONS[name][0]
        if oldest_kept(name, now) <= start and start % duration == 0 == end % duration:
            return name
    return finest_first()[-1]


# --- days of a time zone --------------------------------------------------------------------------


def local_date(moment, zone):
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).date()


def start_of_date(date, zone):
    """Midnight, which these zones do not skip."""
    return int(datetime.combine(date, datetime.min.time(), ZoneInfo(zone)).timestamp())


def days_of(start, end, zone, now):
    """Where the days begin that a range touches, up to that of now, and where the last one ends."""
    last = min(local_date(end - 1, zone), local_date(now, zone))
    date, edges = min(local_date(start, zone), last), []
    while date <= last:
        edges.append(start_of_date(date, zone))
        date += timedelta(1)
    return [*edges, start_of_date(date, zone)]


def source_of_days(edges, now):
    """The coarsest resolution, of a day at most, with a border wherever a day has one, that is kept back to the first."""
    fitting = [
        name
        for name in finest_first()
        if RESOLUTIONS[name][0] <= DAY and all(edge % RESOLUTIONS[name][0] == 0 for edge in edges)
    ]
    reaching = [name for name in fitting if oldest_kept(name, now) <= edges[0]]
    return reaching[-1] if reaching else None


# --- numbers --------------------------------------------------------------------------------------


def reach(rows, name, interval):
    """Expected intervals from the first row to the last value of a metric, both included."""
    moments = [row.time for row in having(rows, name)]
    if not moments:
        return 0
    milliseconds = round((max(moments) - min(row.time for row in rows)) * 1000)
    return -(-milliseconds // round(interval * 1000)) + 1


def coverage(rows, start, end, now, duration, interval):
    """Of each metric and of the one with more, over buckets of a duration: none makes up for what another lacks."""
    over = min(end, now) - start
    if over <= 0:
        return {"any": None, "temp": None, "humidity": None}
    covered = {name: 0 for name in METRICS}
    for bucket in range(int(start), int(end), int(duration)):
        most = max(1, math.ceil(min(duration, now - bucket) / interval))
        inside = between(rows, bucket, bucket + duration)
        if duration == end - start:
            most = math.inf
        for name in METRICS:
            covered[name] += min(most, len(values_of(inside, name)), reach(inside, name, interval))
    expected = max(1, math.floor(over / interval))
    shares = {name: min(1.0, covered[name] / expected) for name in METRICS}
    return {"any": max(shares.values()), **shares}


def bin_of(value, name):
    return value // BIN[name]


def stddev(values):
    """Population standard deviation in its unit, to 40 digits."""
    count = len(values)
    squared = count * sum(value * value for value in values) - sum(values) ** 2
    with localcontext() as context:
        context.prec = 40
        return Decimal(squared).sqrt() / (1000 * count)


def kinetic_mean(temps):
    """The mean kinetic temperature in degrees Celsius, of every value by itself."""
    slope = 83.144 / 0.00831446261815324
    mean = math.fsum(math.exp(-slope / (temp / 1000 + 273.15)) for temp in temps) / len(temps)
    return slope / -math.log(mean) - 273.15


def time_average(rows, name, start, end, hold):
    """Each value holds until the next one, for `hold` at most: the average in its unit, or None, and the seconds held."""
    values = sorted((row.time, getattr(row, name)) for row in having(rows, name))
    total = weight = 0
    for (moment, value), after in zip(values, [*values[1:], (math.inf, None)]):
        length = max(0, min(after[0], moment + hold, end) - max(moment, start))
        total, weight = total + value * length, weight + length
    return (total / weight / 1000 if weight else None), weight


def excursions(buckets, limits):
    """Runs of buckets (start, end, values) beyond a limit, oldest first: above before below where they begin alike."""
    runs = []
    for side, limit in (("above", limits.high), ("below", limits.low)):
        if limit is None:
            continue
        is_beyond = (lambda value: value > limit) if side == "above" else (lambda value: value < limit)
        run = []
        for start, end, values in [*buckets, (None, None, [])]:
            goes_on = any(map(is_beyond, values)) and (not run or run[-1][1] == start)
            if run and not goes_on:
                runs.append((side, limit, run))
                run = []
            if any(map(is_beyond, values)):
                run.append((start, end, values))
    return sorted(runs, key=lambda one: one[2][0][0])
