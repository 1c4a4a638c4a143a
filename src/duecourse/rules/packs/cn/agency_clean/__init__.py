"""No agency with a record of unlawful collection."""
