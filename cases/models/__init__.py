"""The cases' tables: formal matters with their stages, and questions to the warehouse."""

from cases.models.case import Case, CaseOutcome, CaseSource, CaseStage, Decider, Stage
from cases.models.evidence import EvidenceFile, EvidencePack, PackState
from cases.models.warehouse_check import CheckAnswer, CheckState, WarehouseCheck
from cases.models.warehouse_rule import WarehouseRule

__all__ = [
    "Case",
    "CaseOutcome",
    "CaseSource",
    "CaseStage",
    "CheckAnswer",
    "CheckState",
    "Decider",
    "EvidenceFile",
    "EvidencePack",
    "PackState",
    "Stage",
    "WarehouseCheck",
    "WarehouseRule",
]
