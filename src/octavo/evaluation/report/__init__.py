"""What runs came to, for people: tables, pictures, a page, a file of numbers (`report.py` makes them all)."""
