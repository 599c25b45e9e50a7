"""Counts comparisons and shows the first that fail."""

from decimal import Decimal

DIFFERENCES_SHOWN = 20


class Check:
    def __init__(self):
        self.checks = 0
        self.differences = 0
        # Of percentiles, in thousandths.
        self.worst = {"temp": 0, "humidity": 0}
        # Comparisons by the kind of answer.
        self.by_kind = {}

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

    def part(self, name, run):
        """Runs a part and notes how many comparisons it made."""
        before = self.checks
        run()
        self.by_kind[name] = self.by_kind.get(name, 0) + self.checks - before


def readable(value):
    if isinstance(value, Decimal):
        return float(value)
    return [readable(one) for one in value] if isinstance(value, (list, tuple, set)) else value


check = Check()
