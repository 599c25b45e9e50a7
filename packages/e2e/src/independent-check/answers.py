"""What the API says."""

import csv
import io
import json
import time
from datetime import datetime
from decimal import Decimal
from urllib.request import urlopen


#: Every bucket and every day of a time zone begins at a multiple of it, in seconds.
BORDERS = 300


class Api:
    """
    Answers, each with the Unix times before its request and after it. No bucket ends between these: what would be
    about one bucket or the next is asked again.
    """

    def __init__(self, base):
        self.base = base

    def text(self, path):
        return self.answer(path, lambda response: response.read().decode())

    def json(self, path):
        body, moments = self.text(path)
        return exact(body), moments

    def first_event(self, path):
        """Name, id and data of the first event of a stream."""
        fields, moments = self.answer(path, first_fields)
        return fields["event"], fields["id"], exact(fields["data"]), moments

    def answer(self, path, read):
        while True:
            before = time.time()
            with urlopen(self.base + path, timeout=60) as response:
                answer = read(response)
            after = time.time()
            if before // BORDERS == after // BORDERS:
                return answer, (before, after)


def first_fields(response):
    fields = {}
    for line in response:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = value
        elif "data" in fields:
            break
    return fields


def exact(body):
    """JSON whose numbers are as they were written."""
    return json.loads(body, parse_float=Decimal)


def unix(text):
    """Unix seconds, exact to the millisecond, of a time as the API writes it."""
    if text is None:
        return None
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp(), 3)


def as_float(value):
    return None if value is None else float(value)


def rows_in(body, form, member="buckets"):
    if form == "json":
        return exact(body)[member]
    if form == "ndjson":
        return [exact(line) for line in body.splitlines()]
    return [row_of(cells) for cells in csv.DictReader(io.StringIO(body))]


def number(text):
    return Decimal(text) if text else None


def row_of(cells):
    """A row of CSV as the same row is in JSON."""
    row = {name: cells[name] or None for name in ("lab_id", "start", "end", "first", "last", "name", "group") if name in cells}
    row["observations"] = int(cells["observations"])
    row["complete"] = {"true": True, "false": False}[cells["complete"]]
    row["coverage"] = number(cells["coverage"])
    for name in ("temp", "humidity"):
        columns = ("count", "avg", "min", "max", "stddev", "p05", "p50", "p95", "coverage", "in_range")
        metric = {column: number(cells[f"{name}_{column}"]) for column in columns}
        row[name] = metric if metric["count"] is not None else None
    if "mean_kinetic_temp" in cells:
        value, error = number(cells["mean_kinetic_temp"]), number(cells["mean_kinetic_temp_error"])
        row["mean_kinetic_temp"] = None if value is None else {"value": value, "error": error}
    if cells.get("temp_time_avg") or cells.get("humidity_time_avg"):
        row["time_weighted"] = {
            name: {part: number(cells[f"{name}_time_{part}"]) for part in ("avg", "error", "covered")}
            if cells[f"{name}_time_avg"]
            else None
            for name in ("temp", "humidity")
        }
    return row
