"""What is wrong with a warehouse, what is lost by it, and from where it can be had again; and what can be mended safely."""

from leaderboard_etl.doctor.examination import Examination, Finding, examine
from leaderboard_etl.doctor.repairs import repair

__all__ = ["Examination", "Finding", "examine", "repair"]
