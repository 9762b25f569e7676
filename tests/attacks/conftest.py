"""Offices and browsers for the tests beside this file."""

from tests.support.documents import without_reading
from tests.support.offices import no_keeper, office, other_office, templates, unbegun
from tests.support.visits import app, stranger, visit

__all__ = ["app", "no_keeper", "office", "other_office", "stranger", "templates", "unbegun", "visit", "without_reading"]
