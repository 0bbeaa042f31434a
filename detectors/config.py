"""The detectors' parameters: one frozen object, part of every alert's ``config`` hash.

Rates and concentrations that differ by kind of actor are small tables ``{human, service, token}``. All evidence is in
decades: log10 of a likelihood ratio. What the combined score means is told in ``detectors.combine``.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "MODEL_VERSION",
    "ActionsConfig",
    "AgentsConfig",
    "ByKind",
    "DetectorConfig",
    "GeographyConfig",
    "HoursConfig",
    "LearningConfig",
    "RateConfig",
    "SeverityConfig",
    "WeightConfig",
]

MODEL_VERSION = 2
"""Counts changes of the models that give other scores for the same configuration."""

_Share = Annotated[float, Field(gt=0, lt=1)]
_Positive = Annotated[float, Field(gt=0)]
_Weight = Annotated[float, Field(ge=0, le=2)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ByKind(_Section):
    """One number for each kind of actor."""

    human: _Positive
    service: _Positive
    token: _Positive

    def of(self, kind: str) -> float:
        """The number for that kind."""
        return {"human": self.human, "service": self.service, "token": self.token}[kind]


class GeographyConfig(_Section):
    """New countries and networks, and impossible travel."""

    country_concentration: ByKind = ByKind(human=1.0, service=0.5, token=0.7)
    """Pitman-Yor concentration: after N session-hours in one place, the next is in a new one with about this over N."""
    network_concentration: ByKind = ByKind(human=3.0, service=0.5, token=0.5)
    discount: _Share = 0.4
    """Pitman-Yor discount: how much each place seen so far adds to the expectation of yet another."""
    ramp_hours: _Positive = 20.0
    """Evidence for an attacker counts half after that many session-hours, near nothing before."""
    settle_hours: Annotated[int, Field(ge=0, le=168)] = 12
    """A new place is judged as new for so long after it was first seen, or a session would vouch for itself."""
    peer_share: _Share = 0.7
    """How much of the base measure is where colleagues are; the rest is anywhere."""
    attacker_at_home: _Share = 0.2
    """How often an attacker comes from where the organisation is; else from anywhere."""
    travel_km: _Positive = 500.0
    travel_kmh: _Positive = 900.0
    travel_rate: _Share = 0.01
    """How often an actor of whom nothing is known seems to travel faster than that (VPN, phones)."""
    half_life_weeks: Annotated[int, Field(ge=1, le=520)] = 13


class HoursConfig(_Section):
    """Unusual hours of the week."""

    prior_hours: _Positive = 4.0
    """How many own session-hours the peers' habits are worth."""
    settle_hours: Annotated[int, Field(ge=0, le=24)] = 12
    """A session-hour enters the habits so long after it was seen."""
    peer_floor: _Share = 0.25
    """The least that peers' habits say of any hour, against 1 for an even spread."""
    half_life_weeks: Annotated[int, Field(ge=1, le=520)] = 52


class RateConfig(_Section):
    """Counts an hour, as log1p, under a Student-t predictive (a normal-inverse-gamma prior)."""

    usual: ByKind
    """Events in a usual active hour of an actor of whom nothing is known."""
    usual_weight: _Positive = 2.0
    """How many active hours that guess is worth."""
    spread: _Positive
    """Its standard deviation, in log1p of the count."""
    spread_weight: _Positive
    """How many active hours the guess of the spread is worth."""
    least_spread: _Positive
    """No actor is held to be steadier than this: 0.35 is a factor of 1.4."""
    most_degrees: Annotated[float, Field(ge=4)] = 30.0
    """Degrees of freedom never exceed this: however long an actor is known, life has heavier tails than a Gaussian."""
    at_record: float = 30.0
    """The most evidence in a count as large as the largest one remembered; 30 is no limit."""
    beyond_record: Annotated[float, Field(ge=0)] = 2.5
    """How much more evidence there can be in a count e times as large."""
    memory_hours: Annotated[int, Field(ge=10)] = 200
    """Active hours until old habits have faded to about a third."""


class AgentsConfig(_Section):
    """New user agents."""

    concentration: ByKind = ByKind(human=1.0, service=0.5, token=0.5)
    """After N session-hours with one user agent, the next shows another with about this over N."""
    attacker_brings_new: _Share = 0.6
    """How often an attacker works with what the subject never used."""
    ramp_hours: _Positive = 10.0
    """Evidence counts half after that many session-hours."""
    half_life_weeks: Annotated[int, Field(ge=1, le=520)] = 26


class ActionsConfig(_Section):
    """Actions that the subject seldom does."""

    half_life_weeks: Annotated[int, Field(ge=1, le=520)] = 26


class WeightConfig(_Section):
    """How far each detector's evidence counts, because no model is as sure as its formula says.

    Chosen on simulated streams, by the incidents caught at one false case a day for 300 actors.
    """

    geography: _Weight = 0.7
    hours: _Weight = 0.87
    spikes: _Weight = 0.65
    resources: _Weight = 0.4
    repositories: _Weight = 1.6
    agents: _Weight = 1.2
    actions: _Weight = 0.6
    overlap: _Weight = 0.25
    """What the weaker of spikes, resources and repositories add to the strongest: one burst sets off all."""
    floor: Annotated[float, Field(le=0)] = -0.4
    """The most that one detector can speak for the subject: a thief at the usual desk is still a thief."""
    hours_floor: Annotated[float, Field(le=0)] = -0.1
    """The same for hours: a burst at a usual hour is hardly less of a burst."""
    ceiling: _Positive = 5.0


class SeverityConfig(_Section):
    """Scores from which an alert is more than low."""

    medium: float = 2.5
    high: float = 3.5
    critical: float = 5.0


class LearningConfig(_Section):
    """What becomes a habit, and when."""

    ageing_days: Annotated[int, Field(ge=2, le=365)] = 5
    """A behaviour that raised alerts on so many distinct days, none called malicious, is learned from then on."""
    case_gap_minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    """Alerts of one subject further apart than this belong to different cases."""
    forget_days: Annotated[int, Field(ge=1, le=1460)] = 180
    """A subject away for longer than so many days is forgotten: its next event is its first."""
    remembered_ids: Annotated[int, Field(ge=0, le=1024)] = 64
    """Event ids remembered per subject, so that a publisher's retry is not a second event (8 bytes each)."""


class DetectorConfig(_Section):
    """All that tunes detection."""

    threshold: float = 1.9
    """Score (log10 of the likelihood ratio) from which an event raises an alert.

    On simulated streams the default gives about two false cases in three days for 300 actors.
    """
    severity: SeverityConfig = SeverityConfig()
    weights: WeightConfig = WeightConfig()
    learning: LearningConfig = LearningConfig()
    geography: GeographyConfig = GeographyConfig()
    hours: HoursConfig = HoursConfig()
    spikes: RateConfig = RateConfig(
        usual=ByKind(human=3.0, service=5.0, token=4.0),
        spread=0.9,
        spread_weight=6.0,
        least_spread=0.55,
        at_record=-0.5,
    )
    resources: RateConfig = RateConfig(
        usual=ByKind(human=1.0, service=1.0, token=1.0), spread=0.7, spread_weight=10.0, least_spread=0.45
    )
    repositories: RateConfig = RateConfig(
        usual=ByKind(human=0.35, service=0.35, token=0.35),
        usual_weight=4.0,
        spread=0.6,
        spread_weight=10.0,
        least_spread=0.55,
    )
    exploration: RateConfig = RateConfig(
        usual=ByKind(human=2.3, service=2.3, token=2.3),
        usual_weight=3.0,
        spread=0.6,
        spread_weight=8.0,
        least_spread=0.5,
        memory_hours=60,
    )
    agents: AgentsConfig = AgentsConfig()
    actions: ActionsConfig = ActionsConfig()

    @model_validator(mode="after")
    def _severities_rise(self) -> DetectorConfig:
        steps = (self.severity.medium, self.severity.high, self.severity.critical)
        if tuple(sorted(steps)) != steps:
            raise ValueError("severity: medium, high and critical must rise")
        return self
