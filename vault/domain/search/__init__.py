"""横串検索: what of the records is searched, what can be asked, and what an answer rests on."""

from vault.domain.search.matching import Limits, Reason, limits, matches, reasons
from vault.domain.search.queries import KeptSearch, Query
from vault.domain.search.rows import (
    CLIENT,
    DEPOSIT,
    DOCUMENT,
    POLICY,
    TASK,
    Paper,
    Piece,
    Row,
    client_pieces,
    client_row,
    paper_pieces,
    paper_row,
    policy_pieces,
    policy_row,
)
from vault.domain.search.texts import FORM, Needles, marks_of, needles, text_of

__all__ = [
    "CLIENT",
    "DEPOSIT",
    "DOCUMENT",
    "FORM",
    "POLICY",
    "TASK",
    "KeptSearch",
    "Limits",
    "Needles",
    "Paper",
    "Piece",
    "Query",
    "Reason",
    "Row",
    "client_pieces",
    "client_row",
    "limits",
    "marks_of",
    "matches",
    "needles",
    "paper_pieces",
    "paper_row",
    "policy_pieces",
    "policy_row",
    "reasons",
    "text_of",
]
