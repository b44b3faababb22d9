from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import gguf
import pytest

from octavo.errors import TrainingError, UsageError
from octavo.training.export.exporting import export_run, trained_model
from octavo.training.model.loading import load_model, load_tokenizer
from octavo.training.recipe import Recipe, Stage
from octavo.training.running.run import TrainingRun
from octavo.training.sft import train
from tests.training.export.tiny_models import adapted
from tests.training.tiny_run import tiny_recipe, tiny_tokenizer


def trained(recipe: Recipe, folder: Path, **entries: Any) -> TrainingRun:
    """A run as it is left by a training of this recipe, with random adapters."""
    run = TrainingRun(folder)
    run.begin(recipe, "rows")
    model = load_model(recipe.model, method=recipe.method, **recipe.positions)
    if recipe.method == "full":
        model.save_pretrained(run.outcome)
    else:
        adapted(model, **entries).save_pretrained(run.outcome)
        model.config.save_pretrained(run.outcome)
    load_tokenizer(recipe.model).save_pretrained(run.outcome)
    return run


def test_each_form_has_its_place_in_the_run(tmp_path: Path) -> None:
    run = trained(tiny_recipe(tmp_path), tmp_path / "run")
    assert export_run(run.path, "adapter-gguf") == run.path / "adapter.gguf"
    assert export_run(run.path, "gguf") == run.path / "model.gguf"
    assert export_run(run.path, "merged") == run.path / "merged"
    assert gguf.GGUFReader(run.path / "adapter.gguf").fields["general.name"].contents() == "run"
    assert json.loads((run.path / "merged" / "config.json").read_text(encoding="utf-8"))["model_type"] == "llama"
    assert not list(run.path.glob(".*"))


def test_another_place_can_be_named(tmp_path: Path) -> None:
    run = trained(tiny_recipe(tmp_path), tmp_path / "run")
    target = tmp_path / "out" / "reader.gguf"
    assert export_run(run.path, "gguf", target=target, quantization="q8_0") == target
    assert gguf.GGUFReader(target).fields["general.file_type"].contents() == gguf.LlamaFileType.MOSTLY_Q8_0


def test_a_model_file_reads_as_far_as_it_was_trained(tmp_path: Path) -> None:
    recipe = tiny_recipe(tmp_path, stages=(Stage(512),), rope="yarn", method="full")
    fields = gguf.GGUFReader(export_run(trained(recipe, tmp_path / "run").path, "gguf")).fields
    assert fields["llama.context_length"].contents() == 512
    assert fields["llama.rope.scaling.factor"].contents() == 4.0


def test_the_base_frequency_that_was_chosen_is_in_the_file(tmp_path: Path) -> None:
    recipe = tiny_recipe(tmp_path, stages=(Stage(512),), rope="abf", rope_theta=5e5)
    run = trained(recipe, tmp_path / "run")
    assert trained_model(run)[0].config.rope_parameters["rope_theta"] == 5e5
    fields = gguf.GGUFReader(export_run(run.path, "gguf")).fields
    assert fields["llama.rope.freq_base"].contents() == 5e5


def test_what_a_crash_left_of_an_export_is_no_part_of_the_next(tmp_path: Path) -> None:
    run = trained(tiny_recipe(tmp_path), tmp_path / "run")
    left = run.partial(run.export("merged"))
    left.mkdir()
    (left / "model-00003-of-00003.safetensors").touch()
    assert [each.name for each in export_run(run.path, "merged").glob("*.safetensors")] == ["model.safetensors"]
    assert not left.exists()


def test_an_adapter_cannot_carry_stretched_positions(tmp_path: Path) -> None:
    run = trained(tiny_recipe(tmp_path, stages=(Stage(512),), rope="yarn"), tmp_path / "run")
    with pytest.raises(TrainingError, match=r"positions were stretched \(--rope yarn\).* export it with --to gguf"):
        export_run(run.path, "adapter-gguf")


def test_an_adapter_cannot_carry_a_template_of_its_own(tmp_path: Path) -> None:
    own = str(tiny_tokenizer().chat_template)
    for name, text in (("same", own), ("other", own.replace("<|start|>", "# "))):
        (tmp_path / f"{name}.jinja").write_text(text, encoding="utf-8")
        recipe = tiny_recipe(tmp_path, stages=(Stage(96, steps=1),), template=tmp_path / f"{name}.jinja")
        run = train(recipe, tmp_path / name)
        if name == "same":
            assert export_run(run.path, "adapter-gguf").is_file()
        else:
            with pytest.raises(TrainingError, match=r"with a chat template of its own .* export it with --to gguf"):
                export_run(run.path, "adapter-gguf")


def test_where_every_weight_was_trained_there_is_no_adapter(tmp_path: Path) -> None:
    run = trained(tiny_recipe(tmp_path, method="full"), tmp_path / "run")
    with pytest.raises(TrainingError, match="there is no adapter; export it with --to gguf"):
        export_run(run.path, "adapter-gguf")


def test_a_training_that_is_not_finished_is_refused(tmp_path: Path) -> None:
    run = TrainingRun(tmp_path / "run")
    run.begin(tiny_recipe(tmp_path), "rows")
    with pytest.raises(TrainingError, match=r"is not finished; go on with it: octavo train --resume -o "):
        export_run(run.path, "gguf")
    with pytest.raises(TrainingError, match="no training was begun here"):
        export_run(tmp_path, "gguf")
    with pytest.raises(UsageError, match="no export is called 'onnx'; there are adapter-gguf, merged, gguf"):
        export_run(run.path, "onnx")  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["lora", "full"])
def test_what_was_trained_can_be_loaded_as_it_was(tmp_path: Path, method: Any) -> None:
    import torch

    run = trained(tiny_recipe(tmp_path, method=method, rope="linear", stages=(Stage(512),)), tmp_path / "run")
    model, tokenizer = trained_model(run)
    assert model.config.max_position_embeddings == 512
    assert hasattr(model, "peft_config") is (method == "lora")
    assert model.get_input_embeddings().weight.dtype == (torch.float32 if method == "full" else torch.bfloat16)
    assert tokenizer.chat_template is not None


def test_an_architecture_that_cannot_be_exported_is_refused_before_its_weights_are_loaded(tmp_path: Path) -> None:
    run = trained(tiny_recipe(tmp_path), tmp_path / "run")
    path = run.outcome / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, "model_type": "gemma3"}), encoding="utf-8")
    (tmp_path / "model" / "model.safetensors").unlink()
    with pytest.raises(TrainingError, match="a gemma3 cannot be exported as GGUF here"):
        export_run(run.path, "gguf")


def test_positions_that_llama_cpp_does_not_compute_are_refused_before_the_weights_are_loaded(tmp_path: Path) -> None:
    run = trained(tiny_recipe(tmp_path, rope="dynamic", stages=(Stage(256),)), tmp_path / "run")
    shutil.rmtree(tmp_path / "model")
    with pytest.raises(TrainingError, match=r"dynamic.*--to merged"):
        export_run(run.path, "gguf")
