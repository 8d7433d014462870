"""Pretrained weights in our transformer: the logits are those of transformers."""

import json
import pickle
from functools import cache
from pathlib import Path

import gguf
import numpy as np
import pytest
import safetensors.torch
import torch
from gguf import GGMLQuantizationType as Kind
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from minilm.collect.packages import smollm2_file
from minilm.errors import MinilmError
from minilm.gguf_file import GGUFFile
from minilm.model.pretrained import load_pretrained
from minilm.model.storage import load_model, save_model

SIZES = {
    "vocab_size": 61, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
    "max_position_embeddings": 40, "bos_token_id": None, "eos_token_id": None,
}  # fmt: skip
LLAMA = {**SIZES, "num_attention_heads": 4, "num_key_value_heads": 2, "rms_norm_eps": 1e-3}
MODELS = {
    "gpt2": (GPT2LMHeadModel, GPT2Config(
        vocab_size=61, n_positions=40, n_embd=64, n_layer=2, n_head=4, n_inner=96,
        layer_norm_epsilon=1e-3, bos_token_id=None, eos_token_id=None)),
    "llama": (LlamaForCausalLM, LlamaConfig(**LLAMA)),
    "llama, tied, all heads": (LlamaForCausalLM, LlamaConfig(
        **LLAMA | {"num_key_value_heads": 4, "tie_word_embeddings": True})),
    "llama, base 500,000": (LlamaForCausalLM, LlamaConfig(
        **LLAMA, rope_parameters={"rope_type": "default", "rope_theta": 500_000.0})),
    "llama, stretched": (LlamaForCausalLM, LlamaConfig(**LLAMA, rope_parameters={
        "rope_type": "llama3", "rope_theta": 500_000.0, "factor": 8.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 8192})),
    "llama, stretched otherwise": (LlamaForCausalLM, LlamaConfig(**LLAMA, rope_parameters={
        "rope_type": "llama3", "rope_theta": 1e4, "factor": 4.0, "low_freq_factor": 0.5,
        "high_freq_factor": 5.0, "original_max_position_embeddings": 16})),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config(**LLAMA, head_dim=32)),
    "qwen3, tied, one key head": (Qwen3ForCausalLM, Qwen3Config(
        **LLAMA | {"num_key_value_heads": 1, "head_dim": 8, "tie_word_embeddings": True})),
}  # fmt: skip
IDS = torch.randint(0, 61, (2, 40), generator=torch.Generator().manual_seed(3))


@cache
def theirs(name: str) -> PreTrainedModel:
    """A small random model of transformers in which every weight matters, norms and biases too."""
    made, config = MODELS[name]
    torch.manual_seed(0)
    config._attn_implementation = "eager"
    model = made(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.1)
    return model


@torch.no_grad()
def assert_same_logits(ours, model: PreTrainedModel) -> None:
    expected, found = model(IDS).logits, ours(IDS)
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


@pytest.fixture(params=MODELS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("shard", ["1GB", "30KB"])
def test_a_folder_of_safetensors_gives_the_same_logits(name: str, shard: str, tmp_path: Path):
    theirs(name).save_pretrained(tmp_path, max_shard_size=shard)
    assert (len(list(tmp_path.glob("*.safetensors"))) > 2) == (shard == "30KB")
    model = load_pretrained(tmp_path)
    assert_same_logits(model, theirs(name))
    assert model.n_params() == theirs(name).num_parameters()


def untied(weights: dict[str, torch.Tensor], config) -> dict[str, torch.Tensor]:
    if config.tie_word_embeddings:
        del weights["lm_head.weight"]
    return weights


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_becomes_float32(name: str, dtype: torch.dtype, tmp_path: Path):
    made, config = MODELS[name]
    model = made(config).eval()
    model.load_state_dict({t: w.to(dtype).float() for t, w in theirs(name).state_dict().items()})
    made(config).to(dtype).save_pretrained(tmp_path)  # for its config.json
    half = {title: weight.to(dtype) for title, weight in model.state_dict().items()}
    safetensors.torch.save_file(untied(half, config), tmp_path / "model.safetensors")
    assert_same_logits(load_pretrained(tmp_path), model)


def test_what_was_loaded_can_be_trained_and_stored(name: str, tmp_path: Path):
    theirs(name).save_pretrained(tmp_path / "theirs")
    model = load_pretrained(tmp_path / "theirs")
    save_model(model, tmp_path / "ours")
    assert_same_logits(load_model(tmp_path / "ours"), theirs(name))
    model(IDS).sum().backward()
    assert all(weight.grad is not None for weight in model.parameters())
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(1)
    assert_same_logits(load_pretrained(tmp_path / "theirs"), theirs(name))  # the file is untouched


# --- GGUF -----------------------------------------------------------------------------------


def turned(weight: np.ndarray, n_heads: int) -> np.ndarray:
    """The order into which llama.cpp's converter puts the rows of a Llama's q and k."""
    halves = weight.reshape(n_heads, 2, weight.shape[0] // n_heads // 2, *weight.shape[1:])
    return halves.swapaxes(1, 2).reshape(weight.shape)


def write_gguf(model: PreTrainedModel, path: Path, kind: Kind = Kind.F32, **changes) -> None:
    """Write a model of transformers as llama.cpp's converter does, matrices in the given kind."""
    config = model.config
    family = config.model_type
    writer = gguf.GGUFWriter(path, changes.get("family", family))
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    if family == "gpt2":
        writer.add_feed_forward_length(config.n_inner)
        writer.add_layer_norm_eps(config.layer_norm_epsilon)
    else:
        writer.add_feed_forward_length(config.intermediate_size)
        writer.add_head_count_kv(config.num_key_value_heads)
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
        writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
        if family == "qwen3":
            writer.add_key_length(config.head_dim)
            writer.add_value_length(config.head_dim)
    for extra in changes.get("metadata", ()):
        extra(writer)
    for title, tensor in changes.get("tensors", gguf_tensors(model)).items():
        as_kind = kind if tensor.ndim == 2 else Kind.F32
        writer.add_tensor(title, gguf.quantize(tensor, as_kind), raw_dtype=as_kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def gguf_tensors(model: PreTrainedModel) -> dict[str, np.ndarray]:
    """The weights under GGUF's names, which the package `gguf` knows."""
    config = model.config
    arch = {"gpt2": gguf.MODEL_ARCH.GPT2, "llama": gguf.MODEL_ARCH.LLAMA}.get(
        config.model_type, gguf.MODEL_ARCH.QWEN3
    )
    names = gguf.get_tensor_name_map(arch, config.num_hidden_layers)
    found = {}
    for title, tensor in model.state_dict().items():
        if title == "lm_head.weight" and config.tie_word_embeddings:
            continue
        array = tensor.numpy()
        if config.model_type == "gpt2" and ".h." in title and array.ndim == 2:
            array = np.ascontiguousarray(array.T)
        if config.model_type == "llama" and ".q_proj" in title:
            array = turned(array, config.num_attention_heads)
        if config.model_type == "llama" and ".k_proj" in title:
            array = turned(array, config.num_key_value_heads)
        found[names.get_name(title, try_suffixes=(".weight", ".bias"))] = array
    if getattr(config, "rope_parameters", None) and "factor" in config.rope_parameters:
        theirs, base = model.model.rotary_emb.inv_freq.numpy(), config.rope_parameters["rope_theta"]
        speeds = base ** (-np.arange(0, 16, 2) / 16)
        found["rope_freqs.weight"] = (speeds / theirs).astype(np.float32)
    return found


KINDS = [Kind.F32, Kind.F16, Kind.BF16, Kind.Q8_0, Kind.Q5_1, Kind.Q4_0, Kind.Q4_1]


@pytest.mark.parametrize(
    "name", [name for name in MODELS if "otherwise" not in name], indirect=True
)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_gguf_file_gives_the_same_logits(name: str, kind: Kind, tmp_path: Path):
    made, config = MODELS[name]
    model = made(config).eval()  # the peer gets the weights that a file of this kind can hold
    weights = theirs(name).state_dict().items()
    inputs_first = [title for title, _ in weights if ".h." in title]
    model.load_state_dict({t: rounded(weight, kind, t in inputs_first) for t, weight in weights})
    write_gguf(theirs(name), tmp_path / "model.gguf", kind)
    ours = load_pretrained(tmp_path / "model.gguf")
    assert_same_logits(ours, model)
    assert ours.n_params() == model.num_parameters()


def rounded(weight: torch.Tensor, kind: Kind, inputs_first: bool) -> torch.Tensor:
    if weight.ndim != 2:
        return weight
    rows = np.ascontiguousarray(weight.T if inputs_first else weight)
    back = torch.from_numpy(gguf.dequantize(gguf.quantize(rows, kind), kind))
    return back.T if inputs_first else back


# --- The real one ---------------------------------------------------------------------------


@torch.no_grad()
def test_smollm2_gives_the_logits_of_transformers():
    """Its first four layers, and all of its vocabulary; the weights are the peer's own reading."""
    path = smollm2_file()
    ours = load_pretrained(path)
    assert ours.n_params() == 134_515_008
    del ours.blocks[4:]
    file = GGUFFile(path)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, 30)
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=49_152, hidden_size=576, intermediate_size=1536, num_hidden_layers=4,
        num_attention_heads=9, num_key_value_heads=3, max_position_embeddings=8192,
        rms_norm_eps=1e-5, rope_parameters={"rope_type": "default", "rope_theta": 1e5},
        tie_word_embeddings=True, attn_implementation="eager"))  # fmt: skip
    for title, weight in model.named_parameters():
        array = file.read(names.get_name(title, try_suffixes=(".weight",)))
        if "q_proj" in title or "k_proj" in title:  # the peer pairs coordinates across a head
            array = array.reshape(-1, 32, 2, 576).swapaxes(1, 2).reshape(array.shape)
        weight.copy_(torch.from_numpy(np.array(array)))
    ids = torch.randint(17, 49_152, (1, 24), generator=torch.Generator().manual_seed(0))
    expected, found = model.eval()(ids).logits, ours(ids)
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


# --- What does not fit ----------------------------------------------------------------------


def change_settings(folder: Path, **changes) -> None:
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(settings | changes))


@pytest.mark.parametrize(
    ("family", "changes", "message"),
    [
        ("llama", {"model_type": "mamba"}, "architecture 'mamba'; minilm reads gpt2, llama, qwen3"),
        ("llama", {"model_type": None}, "architecture None"),
        ("llama", {"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4}}, "'yarn' rope"),
        ("llama", {"rope_parameters": None, "rope_scaling": {"type": "linear"}}, "'linear' rope"),
        ("llama", {"hidden_act": "gelu"}, "hidden_act = 'gelu'; minilm computes 'silu'"),
        ("llama", {"attention_bias": True}, "attention_bias = True"),
        ("llama", {"mlp_bias": True}, "mlp_bias = True"),
        ("llama", {"quantization_config": {"bits": 4}}, "quantization_config"),
        ("llama", {"hidden_size": 128}, "do not make"),
        ("llama", {"num_key_value_heads": 4}, "do not make"),
        ("llama", {"num_hidden_layers": 3}, r"lacks .*: model\.layers\.2\.input.* \(9 in all\)"),
        ("llama", {"num_hidden_layers": 1}, r"family has not: .* \(9 in all\)"),
        ("llama", {"tie_word_embeddings": True, "vocab_size": 60}, "do not make"),
        ("qwen3", {"use_sliding_window": True}, "use_sliding_window"),
        ("qwen3", {"model_type": "llama"}, r"family has not: .*k_norm.* \(4 in all\)"),
        ("qwen3", {"head_dim": 16}, "do not make"),
        ("gpt2", {"activation_function": "relu"}, "activation_function = 'relu'"),
        ("gpt2", {"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse"),
        ("gpt2", {"scale_attn_weights": False}, "scale_attn_weights"),
        ("gpt2", {"n_inner": None}, "do not make"),
        ("gpt2", {"n_embd": None}, "does not say what our transformer needs"),
        ("gpt2", {"n_layer": 0}, r"needs \(n_layers is 0\)"),
        ("llama", {"num_attention_heads": 4.0}, r"needs \(n_heads is 4\.0\)"),
    ],
)
def test_settings_that_do_not_fit_are_named(family, changes, message, tmp_path):
    theirs(family).save_pretrained(tmp_path)
    change_settings(tmp_path, **changes)
    with pytest.raises(MinilmError, match=message):
        load_pretrained(tmp_path)


def test_older_settings_are_understood(tmp_path):
    theirs("llama, base 500,000").save_pretrained(tmp_path)
    change_settings(tmp_path, rope_parameters=None, rope_theta=500_000.0, rope_scaling=None)
    assert_same_logits(load_pretrained(tmp_path), theirs("llama, base 500,000"))


def test_names_without_prefix_and_tables_that_nobody_needs(tmp_path):
    """The files of GPT-2's first release: no `transformer.`, and the causal masks inside."""
    model = theirs("gpt2")
    model.save_pretrained(tmp_path)
    weights = untied(dict(model.state_dict()), model.config)
    weights = {title.removeprefix("transformer."): w for title, w in weights.items()}
    weights["h.0.attn.bias"] = torch.ones(1, 1, 40, 40).tril()
    safetensors.torch.save_file(weights, tmp_path / "model.safetensors")
    assert_same_logits(load_pretrained(tmp_path), model)


def test_a_tied_head_may_be_there_twice(tmp_path):
    model = theirs("llama, tied, all heads")
    model.save_pretrained(tmp_path)
    weights = {title: weight.clone() for title, weight in model.state_dict().items()}
    safetensors.torch.save_file(weights, tmp_path / "model.safetensors")
    ours = load_pretrained(tmp_path)
    assert_same_logits(ours, model)
    assert ours.head.weight is ours.embedding.weight


def test_damaged_and_missing_files_are_named(tmp_path):
    theirs("llama").save_pretrained(tmp_path, max_shard_size="30KB")
    shards = sorted(tmp_path.glob("*.safetensors"))
    whole = shards[1].read_bytes()
    shards[1].write_bytes(whole[:-50])
    with pytest.raises(MinilmError, match=f"{shards[1].name} is missing or damaged"):
        load_pretrained(tmp_path)
    shards[1].unlink()
    with pytest.raises(MinilmError, match=f"{shards[1].name} is missing or damaged"):
        load_pretrained(tmp_path)
    shards[1].write_bytes(whole)
    index = tmp_path / "model.safetensors.index.json"
    index.write_text("{")
    with pytest.raises(MinilmError, match=r"index\.json is damaged"):
        load_pretrained(tmp_path)
    index.write_text("{}")
    with pytest.raises(MinilmError, match=r"index\.json does not say"):
        load_pretrained(tmp_path)


def test_integers_are_no_weights(tmp_path):
    theirs("llama").save_pretrained(tmp_path)
    weights = dict(theirs("llama").state_dict())
    weights["model.norm.weight"] = weights["model.norm.weight"].to(torch.int8)
    safetensors.torch.save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(MinilmError, match=r"model\.norm\.weight holds torch\.int8"):
        load_pretrained(tmp_path)


def test_what_could_run_code_is_refused_unopened(tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    theirs("llama").save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(Trap()))
    for path in (tmp_path, tmp_path / "pytorch_model.bin"):
        with pytest.raises(MinilmError, match=r"pytorch_model\.bin is a pickle.*safetensors"):
            load_pretrained(path)
    assert not (tmp_path / "sprung").exists()


def test_what_is_no_model_is_said_to_be_none(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere.gguf", tmp_path / "model.safetensors"):
        with pytest.raises(MinilmError, match="is no pretrained model"):
            load_pretrained(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"family": "mamba"}, "architecture 'mamba'"),
        ({"metadata": [lambda w: w.add_expert_count(8)]}, "experts"),
        ({"metadata": [lambda w: w.add_rope_dimension_count(8)]}, "a part of each head"),
        ({"metadata": [lambda w: w.add_rope_scaling_type(gguf.RopeScalingType.YARN)]}, "'yarn'"),
        ({"metadata": [lambda w: w.add_key_length(8)]}, "do not make"),
        ({"tensors": {"token_embd.weight": np.ones((61, 64), np.float32)}}, r"\(19 in all\)"),
        ({"tensors": {}}, r"does not say what our transformer needs \('token_embd"),
    ],
)  # fmt: skip
def test_a_gguf_file_that_does_not_fit_is_named(changes, message, tmp_path):
    write_gguf(theirs("llama"), tmp_path / "model.gguf", **changes)
    with pytest.raises(MinilmError, match=message):
        load_pretrained(tmp_path / "model.gguf")


def test_stretched_positions_kept_as_a_tensor_are_noticed(tmp_path):
    """Llama 3.1 in GGUF says so in no setting, only by a tensor of factors; others are refused."""
    write_gguf(theirs("llama, stretched otherwise"), tmp_path / "model.gguf")
    with pytest.raises(MinilmError, match="stretches its positions"):
        load_pretrained(tmp_path / "model.gguf")
