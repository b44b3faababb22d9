"""Writes the mean of two LoRA adapters (.gguf), weight by weight.

    python examples/average_adapters.py before.gguf after.gguf --share 0.5 -o mean.gguf

Where one of them was trained on from the other, what lies between them does most of what each does: a way to keep what
was learned before, and where to go on training from (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import gguf
import numpy as np


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("adapters", type=Path, nargs=2, metavar="FILE")
    parser.add_argument("--share", type=float, default=0.5, help="of the second; by default 0.5")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FILE")
    arguments = parser.parse_args()
    first, second = arguments.adapters
    if arguments.out.exists() and any(arguments.out.samefile(file) for file in arguments.adapters):
        parser.error(f"{arguments.out} is one of the two; write the mean to another file")
    one, other = gguf.GGUFReader(first), gguf.GGUFReader(second)
    if _form(one) != _form(other):
        parser.error(f"{first} and {second} are not adapters of one model with one rank and alpha")
    others = {tensor.name: tensor.data for tensor in other.tensors}
    shutil.copyfile(first, arguments.out)
    mean = gguf.GGUFReader(arguments.out, "r+")
    for tensor in mean.tensors:
        own, far = tensor.data.astype(np.float32), others[tensor.name].astype(np.float32)
        tensor.data[:] = own + arguments.share * (far - own)
    mean.data.flush()


def _form(adapter: gguf.GGUFReader) -> object:
    """What two adapters must have alike for a mean of their weights to be the mean of what they do."""
    alpha = adapter.get_field("adapter.lora.alpha")
    return alpha and alpha.contents(), {tensor.name: tensor.data.shape for tensor in adapter.tensors}


if __name__ == "__main__":
    main()
