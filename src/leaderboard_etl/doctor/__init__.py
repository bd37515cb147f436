"""Finds out what is wrong with a warehouse, what is lost, where it can be recovered from, and what can be repaired
safely."""

from leaderboard_etl.doctor.examination import Examination, Fault, examine
from leaderboard_etl.doctor.repairs import repair

__all__ = ["Examination", "Fault", "examine", "repair"]
