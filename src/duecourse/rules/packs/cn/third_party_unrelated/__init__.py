"""No collection from persons unrelated to the debt."""
