"""Hourly roll-ups and what of them must be counted again."""

from reports.models.hours import CaseHour as CaseHour
from reports.models.hours import DirtyHour as DirtyHour
from reports.models.hours import HourFigures as HourFigures
