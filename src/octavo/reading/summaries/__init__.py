"""Documents as a whole: divided into parts, and summarised from the parts up."""
