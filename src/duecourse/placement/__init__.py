"""Allocation, batches, handover and recall of cases."""
