"""How long it takes to read owners' texts with the grammar: python bench/reading.py [COUNT]."""

import sys
import time

from gridpact.language.evaluation.owners import load
from gridpact.language.reading.reader import read_text
from gridpact.language.reading.wishes import HomeFacts


def main(count: int) -> None:
    """Read ``count`` texts of the evaluation set in turn, nothing kept from one to the next, and print the time."""
    cases = [(case.text, HomeFacts(**case.facts)) for half in ("development", "test") for case in load(half)]
    read_text(*cases[0])
    began, letters = time.process_time(), 0
    for number in range(count):
        text, facts = cases[number % len(cases)]
        read_text(text, facts)
        letters += len(text)
    took = time.process_time() - began
    print(f"{count:,} texts of {letters / count:.0f} characters: {took:.2f} s, {1e6 * took / count:.0f} us each")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
