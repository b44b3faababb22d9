"""Follow a reading as it happens: every chunk, every find, the answer word by word.

    python examples/async_events.py war-and-peace.md "Who is Prince Andrew's sister?"

`Reader.stream` is the same for programs without an event loop.
"""

import asyncio
import os
import sys

import octavo


async def main(path: str, question: str) -> None:
    """Read all of `path`, and print what is found on the way."""
    model = octavo.EndpointModel() if os.environ.get("OPENAI_BASE_URL") else octavo.EmbeddedModel()
    document = octavo.load(path)
    async for event in octavo.Reader(model).astream(document, question, level="read"):
        match event:
            case octavo.ChunkRead(findings=(finding, *_), coverage=coverage):
                for sentence in finding.sentences:
                    print(f"chunk {event.index + 1} of {coverage.chunks}: {sentence.of(document.text).strip()}")
            case octavo.ChunkFailed(reason=reason):
                print(f"chunk {event.index + 1} failed: {reason}")
            case octavo.AnswerDelta(text=text):
                print(text, end="", flush=True)
            case octavo.Answered(answer=answer):
                print(f"\n{answer.coverage}\n{answer.usage}")
    await model.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
