"""No agency posing as the creditor."""
