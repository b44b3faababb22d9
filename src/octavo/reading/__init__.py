"""The method: question, retrieve, read, packing, answering, events. `reader.py` is the tour."""
