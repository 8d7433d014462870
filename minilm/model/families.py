"""From the settings that come with a checkpoint to our configuration, or a refusal that says why.

A setting that we do not know may change what is computed, silently. So each family names the
settings that change the network and the values under which it is the one that we build.
"""

from typing import Any

import torch

from minilm.errors import MinilmError
from minilm.gguf_file import GGUFFile
from minilm.model.config import TransformerConfig
from minilm.model.stretched import Stretching, stretch

FACTORS = "rope_freqs.weight"
FAMILIES = ("gpt2", "llama", "qwen3")
COMMON = {"quantization_config": (None,), "is_encoder_decoder": (False,)}
LLAMA = COMMON | {"hidden_act": ("silu", "swish"), "attention_bias": (False,)}
BUILT = {  # what a setting may say; absent is the first of them
    "gpt2": COMMON
    | {
        "activation_function": ("gelu_new", "gelu_pytorch_tanh"),
        "scale_attn_weights": (True,),
        "scale_attn_by_inverse_layer_idx": (False,),
        "add_cross_attention": (False,),
    },
    "llama": LLAMA | {"mlp_bias": (False,)},
    "qwen3": LLAMA | {"use_sliding_window": (False,)},
}


def config_from_json(settings: dict[str, Any], where: object) -> TransformerConfig:
    """Read a config.json of transformers.

    Raises MinilmError for a family, or a choice within it, that our transformer does not have, and
    for a size that is missing.
    """
    family = check_family(settings.get("model_type"), where)
    for name, allowed in BUILT[family].items():
        if settings.get(name, allowed[0]) not in allowed:
            raise MinilmError(
                f"{where} says {name} = {settings[name]!r}; minilm computes {allowed[0]!r} only."
                " Use this model with transformers."
            )
    try:
        config = _gpt2(settings) if family == "gpt2" else _llama(settings, family, where)
        return check_sizes(config)
    except (KeyError, TypeError) as error:
        raise MinilmError(
            f"{where} does not say what our transformer needs ({error}). Download it again."
        ) from error


def _gpt2(settings: dict[str, Any]) -> TransformerConfig:
    return TransformerConfig(
        vocab_size=settings["vocab_size"],
        context_length=settings["n_positions"],
        n_layers=settings["n_layer"],
        n_heads=settings["n_head"],
        d_model=settings["n_embd"],
        d_ff=settings.get("n_inner"),
        norm_eps=settings.get("layer_norm_epsilon", 1e-5),
        tie_embeddings=settings.get("tie_word_embeddings", True),
        **LIKE_GPT2,
    )


def _llama(settings: dict[str, Any], family: str, where: object) -> TransformerConfig:
    rope = settings.get("rope_parameters") or settings.get("rope_scaling") or {}
    kind = rope.get("rope_type", rope.get("type", "default"))
    stretching = tuple(float(rope[name]) for name in LLAMA3) if kind == "llama3" else None
    if stretching is None:
        check_rope(kind, where)
    return TransformerConfig(
        vocab_size=settings["vocab_size"],
        context_length=settings["max_position_embeddings"],
        n_layers=settings["num_hidden_layers"],
        n_heads=settings["num_attention_heads"],
        n_kv_heads=settings.get("num_key_value_heads"),
        d_model=settings["hidden_size"],
        d_head=settings.get("head_dim", 128 if family == "qwen3" else None),
        d_ff=settings["intermediate_size"],
        norm_eps=settings.get("rms_norm_eps", 1e-6),
        rope_base=rope.get("rope_theta", settings.get("rope_theta", 10_000.0)),
        tie_embeddings=settings.get("tie_word_embeddings", False),
        rope_stretching=stretching,
        qk_norm=family == "qwen3",
        feedforward="swiglu",
    )


LLAMA3 = ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")
LIKE_GPT2: dict[str, Any] = {
    "norm": "layer",
    "bias": True,
    "position": "learned",
    "feedforward": "gelu",
    "qk_norm": False,
}


def config_from_gguf(file: GGUFFile) -> TransformerConfig:
    """Read the metadata of a GGUF file; raise MinilmError as `config_from_json` does."""
    family = check_family(file.metadata.get("general.architecture"), file.path)
    about = {
        key.removeprefix(f"{family}."): value
        for key, value in file.metadata.items()
        if key.startswith(f"{family}.")
    }
    check_rope(about.get("rope.scaling.type", "none"), file.path)
    try:
        n_heads, d_model = about["attention.head_count"], about["embedding_length"]
        d_head = about.get("attention.key_length", d_model // n_heads)
        if "expert_count" in about or about.get("rope.dimension_count", d_head) != d_head:
            raise MinilmError(
                f"{file.path} has experts, or turns a part of each head only: minilm does neither."
                " Choose another model."
            )
        sizes: dict[str, Any] = {
            "vocab_size": file.tensors["token_embd.weight"].shape[0],
            "context_length": about["context_length"],
            "n_layers": about["block_count"],
            "n_heads": n_heads,
            "d_model": d_model,
            "d_ff": about["feed_forward_length"],
            "tie_embeddings": "output.weight" not in file.tensors,
        }
        if family == "gpt2":
            eps = about["attention.layer_norm_epsilon"]
            return check_sizes(TransformerConfig(**sizes, norm_eps=eps, **LIKE_GPT2))
        base = about.get("rope.freq_base", 10_000.0)
        return check_sizes(
            TransformerConfig(
                **sizes,
                n_kv_heads=about.get("attention.head_count_kv"),
                d_head=d_head,
                norm_eps=about["attention.layer_norm_rms_epsilon"],
                rope_base=base,
                rope_stretching=stretching_in(file, d_head, base),
                qk_norm=family == "qwen3",
                feedforward="swiglu",
            )
        )
    except (KeyError, TypeError) as error:
        raise MinilmError(
            f"{file.path} does not say what our transformer needs ({error})."
            " Choose another file of the model."
        ) from error


def check_sizes(config: TransformerConfig) -> TransformerConfig:
    """Return the config; raise TypeError unless every size is a whole number above zero."""
    for name in ("vocab_size", "context_length", "n_layers", "n_heads", "d_model"):
        size = getattr(config, name)
        if type(size) is not int or size < 1:
            raise TypeError(f"{name} is {size!r}")
    return config


def stretching_in(file: GGUFFile, d_head: int, base: float) -> Stretching | None:
    """Recognize the positions of Llama 3.1 in a GGUF file, which keeps their effect alone.

    The effect is a tensor of factors, one for each pair; the largest is the factor, and the other
    three numbers are the same in all models of that family. Raises MinilmError for other factors.
    """
    if FACTORS not in file.tensors:
        return None
    factors = torch.from_numpy(file.read(FACTORS))  # (K/2,)
    stretching = (factors.max().item(), 1.0, 4.0, 8192.0)
    speeds = base ** (-torch.arange(0, d_head, 2, dtype=torch.float32) / d_head)
    expected = speeds / stretch(speeds, stretching)
    if factors.shape != speeds.shape or not torch.allclose(factors, expected, rtol=1e-4):
        check_rope("unknown", file.path)
    return stretching


def check_family(name: object, where: object) -> str:
    """Return the family's name, or raise MinilmError when we have no layout for it."""
    if name not in FAMILIES:
        raise MinilmError(
            f"{where} is of the architecture {name!r}; minilm reads {', '.join(FAMILIES)}."
            " Choose a model of one of these."
        )
    return str(name)


def check_rope(kind: object, where: object) -> None:
    """Raise MinilmError when positions are stretched, which changes every angle."""
    if kind not in ("default", "none"):
        raise MinilmError(
            f"{where} stretches its positions ({kind!r} rope scaling), which minilm does not do."
            " Choose a model without rope scaling, or use transformers."
        )
