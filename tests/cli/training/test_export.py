"""`octavo export`, and what was exported as a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import gguf
import pytest

from octavo.cli.choosing import Choice, choose_model
from octavo.cli.evaluation.native import native_model
from octavo.cli.main import main
from octavo.cli.training import export as export_verb
from octavo.cli.training.trained import export_command
from octavo.errors import UsageError
from octavo.models.embedded import EmbeddedModel
from octavo.models.endpoint import EndpointModel
from octavo.reading.options import ReadingOptions
from octavo.settings import load_settings
from octavo.training.export.exporting import Form
from octavo.training.export.model_file import Quantization
from octavo.training.recipe import Stage
from octavo.training.running.run import TrainingRun
from tests.models.vocabulary import write_tiny_model
from tests.training.export.test_exporting import trained
from tests.training.tiny_run import tiny_folder, tiny_recipe


@pytest.fixture
def run(here: Path) -> TrainingRun:
    """A finished training of a tiny model that reads 4,096 tokens."""
    tiny_folder(here / "model", max_position_embeddings=4_096)
    return trained(tiny_recipe(here), Path("run"))


@pytest.fixture
def over_a_file(here: Path) -> TrainingRun:
    """A finished training of a .gguf file, with its adapter exported; what is in them does not matter here."""
    write_tiny_model(here / "tiny.gguf", "smollm", rotary=True)
    made = TrainingRun(Path("run"))
    made.begin(tiny_recipe(here, model=str(here / "tiny.gguf")), "rows")
    made.outcome.mkdir()
    made.export("adapter-gguf").write_bytes(b"GGUF")
    return made


def chosen(model: str, **flags: object) -> Choice:
    flags["model"] = model
    return choose_model(load_settings(flags), flags)


# Exporting


def test_the_options_offer_what_can_be_made() -> None:
    assert get_args(export_verb.Form) == get_args(Form)
    assert get_args(export_verb.Quantization) == get_args(Quantization)


def test_each_form_is_put_into_the_run_and_how_to_use_it_is_said(
    run: TrainingRun, capsys: pytest.CaptureFixture[str]
) -> None:
    for form, place, said in (
        ("gguf", "run/model.gguf", "to use it: octavo ask -m run ..."),
        ("adapter-gguf", "run/adapter.gguf", "llama-server -m BASE.gguf --lora run/adapter.gguf"),
        ("merged", "run/merged", "octavo ask -m run/merged --base-url URL ..."),
    ):
        assert main(["export", "run", "--to", form]) == 0
        out, err = capsys.readouterr()
        assert out == f"{place}\n"
        assert said in err
        assert Path(place).exists()


@pytest.mark.embedded
def test_what_was_exported_is_compared_with_what_was_trained(
    run: TrainingRun, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("xllamacpp", reason="is in the extra: local")
    (here / "text.txt").write_text("The fox is quick. The dogs are lazy. Who said it twice? 12345 lazy dogs.")
    assert main(["export", "run", "--to", "gguf", "--quantization", "f32", "--check", "text.txt", "--json"]) == 0
    exact = json.loads(capsys.readouterr().out)["check"]
    assert exact["positions"] > 20
    assert exact["ratio"] == pytest.approx(1.0, abs=0.01)
    assert main(["export", "run", "--to", "gguf", "--quantization", "q4_0", "--check", "text.txt"]) == 0
    said = capsys.readouterr().err
    assert f"of {exact['positions']} tokens it expects " in said
    assert ": 1.000 times" not in said


def test_what_cannot_be_compared_is_refused_before_anything_is_exported(
    run: TrainingRun, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "text.txt").write_text("The fox is quick.")
    (here / "empty.txt").write_text("")
    for form, text, said in (
        ("merged", "text.txt", "--check compares what llama.cpp reads, and merged is for other engines"),
        ("adapter-gguf", "text.txt", "--check lays an adapter over the .gguf file of its model"),
        ("gguf", "empty.txt", "--check empty.txt: has no two tokens to compare"),
        ("gguf", "none.txt", "--check none.txt: cannot be read as text"),
    ):
        assert main(["export", "run", "--to", form, "--check", text, "-o", "out"]) == 2
        assert said in capsys.readouterr().err
        assert not Path("out").exists()


def test_a_quantized_file_elsewhere(run: TrainingRun, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "run", "--to", "gguf", "--quantization", "q8_0", "-o", "out/tiny.gguf", "--json"]) == 0
    out, err = capsys.readouterr()
    size = Path("out/tiny.gguf").stat().st_size
    assert json.loads(out) == {"run": "run", "form": "gguf", "path": "out/tiny.gguf", "bytes": size}
    assert "to use it: octavo ask -m out/tiny.gguf ..." in err
    fields = gguf.GGUFReader("out/tiny.gguf").fields
    assert fields["general.file_type"].contents() == gguf.LlamaFileType.MOSTLY_Q8_0


def test_what_is_there_already_is_never_written_over(
    run: TrainingRun, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "mine").mkdir()
    (here / "mine" / "chapter.md").write_text("mine")
    for form in get_args(Form):
        assert main(["export", "run", "--to", form, "-o", "mine"]) == 1
        assert "mine: is there already; remove it, or name another place with -o" in capsys.readouterr().err
    assert (here / "mine" / "chapter.md").read_text() == "mine"


def test_what_cannot_be_exported_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    TrainingRun(Path("begun")).begin(tiny_recipe(here), "rows")
    for arguments, code, said in (
        (
            ["begun", "--to", "gguf"],
            1,
            "begun: the training is not finished; go on with it: octavo train --resume -o begun",
        ),
        (["model", "--to", "gguf"], 1, "model: no training was begun here"),
        (["nowhere", "--to", "gguf"], 1, "nowhere: no training was begun here"),
        (["begun", "--to", "merged", "--quantization", "q8_0"], 2, "--quantization and --base are about --to gguf"),
        (["begun", "--to", "onnx"], 2, "invalid value for '--to'"),
        (["begun"], 2, "missing option '--to'"),
    ):
        assert main(["export", *arguments, "--quiet"]) == code
        assert said in capsys.readouterr().err


# A trained run as a model


def test_a_trained_model_is_asked_like_any_other(
    run: TrainingRun, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "run", "--to", "gguf", "--quiet"]) == 0
    (here / "note.md").write_text("The fox is quick. The dogs are lazy.")
    code = main(["ask", "-m", "run", "Which fox?", "note.md", "--level", "whole", "--answer-tokens", "8"])
    err = capsys.readouterr().err
    assert code in (0, 3, 5), err  # what a random model says does not matter
    assert err.startswith("octavo: run (trained, embedded, in this process)\n")


def test_without_an_export_the_error_names_the_command(run: TrainingRun) -> None:
    with pytest.raises(UsageError, match=r"run: nothing was exported yet .*; run: octavo export run --to gguf$"):
        chosen("run")
    run.export("adapter-gguf").write_bytes(b"GGUF")  # trained on a folder: there is no file to lay it over
    with pytest.raises(
        UsageError, match=r"its adapter belongs over a \.gguf file of .*; run: octavo export run --to gg"
    ):
        chosen("run")


def test_a_template_of_its_own_asks_for_the_whole_model(here: Path) -> None:
    write_tiny_model(here / "tiny.gguf", "smollm", rotary=True)
    made = TrainingRun(Path("run"))
    made.begin(tiny_recipe(here, model=str(here / "tiny.gguf"), template=here / "own.jinja"), "rows")
    assert export_command(made) == "octavo export run --to gguf"


def test_a_training_that_is_not_finished_is_no_model(here: Path) -> None:
    TrainingRun(Path("run")).begin(tiny_recipe(here), "rows")
    with pytest.raises(UsageError, match=r"not finished; go on with it: octavo train --resume -o run$"):
        chosen("run")


def test_a_folder_that_holds_no_training_is_no_model(here: Path) -> None:
    (here / "Qwen").mkdir()
    with pytest.raises(UsageError, match="Qwen: is a folder that holds no training"):
        chosen("Qwen")
    assert isinstance(chosen("Qwen", base_url="http://localhost:8000/v1").model, EndpointModel)


def test_a_run_stays_in_this_process_whatever_the_environment_names(
    over_a_file: TrainingRun, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:8000/v1")
    (here / "Qwen").mkdir()
    assert isinstance(chosen("Qwen").model, EndpointModel)
    model = chosen("run").model
    assert isinstance(model, EmbeddedModel)
    assert (model.weights, model.adapter) == (here / "tiny.gguf", Path("run/adapter.gguf"))
    assert isinstance(chosen("run", base_url="http://localhost:8000/v1").model, EndpointModel)


def test_an_adapter_whose_base_is_gone_says_what_it_needs(over_a_file: TrainingRun, here: Path) -> None:
    (here / "tiny.gguf").unlink()
    with pytest.raises(UsageError, match=r"its adapter belongs over .*tiny\.gguf, which"):
        chosen("run")


def test_nothing_but_an_adapter_is_needed_over_a_file(over_a_file: TrainingRun) -> None:
    over_a_file.export("adapter-gguf").unlink()
    with pytest.raises(UsageError, match=r"run: octavo export run --to adapter-gguf$"):
        chosen("run")


def test_a_whole_model_is_taken_before_an_adapter_and_reads_as_far_as_it_was_trained(
    here: Path, over_a_file: TrainingRun
) -> None:
    write_tiny_model(over_a_file.export("gguf"), "smollm", rotary=True)  # it was trained for 256 tokens
    choice = chosen("run", window=1_000)
    assert isinstance(choice.model, EmbeddedModel)
    assert (choice.model.weights, choice.model.adapter) == (Path("run/model.gguf"), None)
    assert choice.warnings == ("run reads 256 tokens: using that, not 1,000",)
    assert chosen("run").warnings == ()


def test_the_small_model_is_asked_as_it_was_taught_whatever_was_exported(
    here: Path, over_a_file: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octavo.cli.training.trained.weights_of", lambda name: here / "tiny.gguf")
    of_adapter = chosen("run").model
    write_tiny_model(over_a_file.export("gguf"), "smollm", rotary=True)
    of_whole = chosen("run").model
    assert isinstance(of_whole, EmbeddedModel)
    assert of_whole.name == "model"
    as_taught = ReadingOptions().for_model(EmbeddedModel(), 8_192)
    assert as_taught.strategy == "quote"
    for model in (of_adapter, of_whole):
        assert ReadingOptions().for_model(model, 8_192) == as_taught


def test_a_stretched_model_is_not_asked_without_its_adapter(over_a_file: TrainingRun) -> None:
    flags: dict[str, object] = {"model": "run"}
    settings = load_settings(flags)
    model = native_model(choose_model(settings, flags), settings, flags, window=None, extend="yarn", memory=10**12)
    assert isinstance(model, EmbeddedModel)
    assert model.adapter == Path("run/adapter.gguf")


def test_a_window_longer_than_the_small_ones_is_that_of_the_last_stage(here: Path) -> None:
    tiny_folder(here / "model", max_position_embeddings=65_536)
    made = trained(tiny_recipe(here, stages=(Stage(8_000), Stage(20_000))), Path("long"))
    assert main(["export", str(made.path), "--to", "gguf", "--quiet"]) == 0
    model = chosen("long").model
    assert isinstance(model, EmbeddedModel)
    assert model.parallel == 1
    assert model._given_window == 20_000
