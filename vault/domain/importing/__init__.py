"""What the rows of a spreadsheet mean: which column is which box, which rows are contracts, which are people, what is odd.

    screened(table)                 the table without individual numbers (done by `read_tables` already)
    proposed(table)                 a Matching, by headings and contents
    signature(table)                what a remembered matching is found by; says nothing of the data
    refused(table)                  columns that are refused whole, with the fault to show
    read_rows(table, matching, fixes, given)   what each row says, with its faults
    grouped([reads, ...])           clients with their members and policies, over all sheets
    onto(typed, form, assumed)      a list's form laid onto a record that is there already
"""

from vault.domain.importing.grouping import Group, Grouped, Line, client_key, grouped
from vault.domain.importing.layout import headings, proposed, refused, signature
from vault.domain.importing.onto import onto
from vault.domain.importing.rows import read_rows
from vault.domain.importing.screening import screened
from vault.domain.importing.tables import (
    CLIENTS,
    CORPORATION,
    HOUSEHOLD,
    MACROS,
    NOTHING,
    PEOPLE,
    POLICIES,
    Fixes,
    Matching,
    Read,
    Table,
)
from vault.domain.importing.targets import TARGETS, Target, label
from vault.domain.importing.vocabulary import insurer_proposals, kind_proposals
from vault.domain.importing.within import policy_key

__all__ = [
    "CLIENTS",
    "CORPORATION",
    "HOUSEHOLD",
    "MACROS",
    "NOTHING",
    "PEOPLE",
    "POLICIES",
    "TARGETS",
    "Fixes",
    "Group",
    "Grouped",
    "Line",
    "Matching",
    "Read",
    "Table",
    "Target",
    "client_key",
    "grouped",
    "headings",
    "insurer_proposals",
    "kind_proposals",
    "label",
    "onto",
    "policy_key",
    "proposed",
    "read_rows",
    "refused",
    "screened",
    "signature",
]
