"""The facts that a config.json states about a model's geometry, each checked when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MOST_SIZE = 10**7

# Names of one fact in the configs of different families; the first that is present counts.
_NAMES = {
    "hidden": ("hidden_size", "d_model", "n_embd", "n_embed"),
    "layers": ("num_hidden_layers", "n_layers", "n_layer", "num_layers"),
    "heads": ("num_attention_heads", "n_heads", "n_head"),
    "kv_heads": ("num_key_value_heads", "num_kv_heads", "n_head_kv", "kv_n_heads"),
    "head_dim": ("head_dim", "kv_channels", "attention_head_dim"),
    "width": ("intermediate_size_mlp", "dense_intermediate_size", "intermediate_size", "ffn_hidden_size"),
    "expert_width": ("moe_intermediate_size", "expert_ffn_hidden_size", "intermediate_size", "ffn_hidden_size"),
    "experts": ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"),
    "chosen": (
        "num_experts_per_tok",
        "num_experts_per_token",
        "experts_per_token",
        "moe_top_k",
        "moe_topk",
        "moe_k",
        "top_k_experts",
    ),
    "shared_experts": ("n_shared_experts", "num_shared_experts", "num_shared_expert", "moe_num_shared_experts"),
    # Experts that work on fewer dimensions than the model, behind a projection down and one up.
    "latent": ("moe_latent_size", "routed_expert_hidden_size"),
    "first_sparse": ("first_k_dense_replace", "moe_layer_start_index"),
    "step": ("decoder_sparse_step", "interleave_moe_layer_step", "moe_layer_interval"),
    "prediction_layers": ("num_nextn_predict_layers", "mtp_num_hidden_layers"),
    "vocab": ("vocab_size",),
    "state": ("ssm_state_size", "state_size", "mamba_d_state"),
    "kernel": ("conv_kernel", "mamba_d_conv", "linear_conv_kernel_dim", "short_conv_kernel_size"),
    "expand": ("expand", "mamba_expand"),
    "mamba_heads": ("mamba_num_heads", "mamba_n_heads", "num_heads"),
    "mamba_head_dim": ("mamba_head_dim", "mamba_d_head", "head_dim"),
    "groups": ("n_groups", "mamba_n_groups"),
}


class CannotTellError(ValueError):
    """The config lacks a fact, or states an impossible one."""


class Facts:
    """The values of one config; in `layer`, those of that layer, counted from 0, where the config states one for each."""

    def __init__(self, values: Mapping[str, Any], layer: int = 0) -> None:
        self._values = values
        self.layer = layer

    def number(self, name: str, otherwise: int | None = None, most: int = _MOST_SIZE, least: int = 1) -> int:
        """A count or size under any of its names."""
        keys = _NAMES.get(name, (name,))
        value, key = next(((v, k) for k in keys if (v := self._of(k)) is not None), (otherwise, keys[0]))
        if value is None:
            raise CannotTellError(f"config.json states no {key}")
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise CannotTellError(f"{key} in config.json is not a possible size")
        return value

    def states(self, name: str) -> bool:
        """Whether the config has a value for it."""
        return any(self._of(key) is not None for key in _NAMES.get(name, (name,)))

    def flag(self, name: str, otherwise: bool = False) -> bool:
        """A switch."""
        value = self._of(name)
        if value is not None and not isinstance(value, bool):
            raise CannotTellError(f"{name} in config.json is neither true nor false")
        return otherwise if value is None else value

    def word(self, name: str) -> str:
        """A word or number that names a kind."""
        value = self._of(name)
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise CannotTellError(f"config.json does not say {name} of layer {self.layer}")
        return str(value)

    def ratio(self, name: str) -> float:
        """A factor that need not be whole."""
        value = self._of(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1000:
            raise CannotTellError(f"{name} in config.json is not a possible factor")
        return float(value)

    def part(self, name: str) -> Facts:
        """The facts of a nested object; none if there is no such object."""
        value = self._of(name)
        return Facts(value if isinstance(value, Mapping) else {}, self.layer)

    def numbers(self, name: str) -> set[int]:
        """A list of layers."""
        layers = [] if self._values.get(name) is None else self._values[name]
        if not isinstance(layers, list) or not all(type(layer) is int for layer in layers):
            raise CannotTellError(f"{name} in config.json is not a list of layers")
        return set(layers)

    def lists(self, name: str) -> bool:
        """Whether the config states one value for each layer."""
        return isinstance(self._values.get(name), list)

    def at(self, layer: int) -> Facts:
        """The facts of one layer."""
        return Facts(self._values, layer)

    def with_(self, **values: object) -> Facts:
        """The same facts but for these."""
        return Facts({**self._values, **values}, self.layer)

    def under(self, **names: str) -> Facts:
        """The same facts, but those on the left have the values that the config states under the names on the right."""
        return self.with_(**{key: self._of(name) for key, name in names.items() if self._of(name) is not None})

    def _of(self, key: str) -> Any:
        """The value of a key, of this layer if it is a list with one for each layer."""
        value = self._values.get(key)
        if isinstance(value, list):
            value = value[self.layer] if self.layer < len(value) else None
        return None if value == "auto" else value
