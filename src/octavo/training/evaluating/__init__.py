"""What a model can do while it is trained: needles at long lengths, far text used, short skills kept."""
