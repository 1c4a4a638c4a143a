"""duecourse: the platform on which a creditor runs outsourced debt collection."""

__version__ = "0.1.0"
