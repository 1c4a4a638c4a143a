"""The debtor is told before an agency collects."""
