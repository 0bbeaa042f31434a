"""The engine without a broker: scores a file or a pipe of events, in one process or in several, byte for byte alike."""

from streams.score.baselines import GrowingBaselines, RebuiltBaselines, RecordedBaselines
from streams.score.job import ACTIVITY, Job, Scored, rarely_collect, score_alone
from streams.score.loops import Fault
from streams.score.workers import score_together

__all__ = [
    "ACTIVITY",
    "Fault",
    "GrowingBaselines",
    "Job",
    "RebuiltBaselines",
    "RecordedBaselines",
    "Scored",
    "rarely_collect",
    "score_alone",
    "score_together",
]
