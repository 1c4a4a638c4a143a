"""Only obligors' particulars."""
