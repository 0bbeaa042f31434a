"""Detector cases: tables of what must raise an alert and what must not, in ``tests/cases/*.jsonl``.

Their format, and what plays them, is in ``streams.evaluate.detector_cases``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.config import DetectorConfig
from streams.evaluate.detector_cases import judge, read_cases

FOLDER = Path(__file__).parent.parent / "cases"
CASES = read_cases(FOLDER)


@pytest.mark.parametrize("case", CASES, ids=[f"{case.file}: {case.name}" for case in CASES])
def test_case(case):
    verdict = judge(case, DetectorConfig())
    assert verdict.holds, f"score {verdict.score:.2f} led by {verdict.leading}: {verdict.alert}"


def test_the_cases_are_both_kinds_in_every_file():
    kinds = {(case.file, case.content.expect) for case in CASES}
    assert kinds == {(path.stem, expect) for path in FOLDER.glob("*.jsonl") for expect in ("alert", "quiet")}
