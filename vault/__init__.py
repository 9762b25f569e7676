"""Kura 証券蔵: a vault of insurance documents for one office."""

__version__ = "0.1.0"
