"""The smallest whole program: ask a book, print the answer and where it stands.

    python examples/ask_a_book.py war-and-peace.md "Who is Prince Andrew's sister?"

Uses the endpoint of OPENAI_BASE_URL where that is set, else the small model in this process.
"""

import os
import sys

import octavo

path, question = sys.argv[1:]
model = octavo.EndpointModel() if os.environ.get("OPENAI_BASE_URL") else octavo.EmbeddedModel()
answer = octavo.Reader(model).ask(octavo.load(path), question)

print(answer.text)
for citation in answer.citations:
    print(citation.marker, " > ".join(citation.section), f'"{citation.quote}"')
print(answer.coverage, answer.usage)
