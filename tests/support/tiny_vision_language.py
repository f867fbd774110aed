"""tiny-random-smolvlm: a SmolVLM of the real class with random weights, a few hundred kB.

It proves shapes, batching and faults, and says nothing sensible about any picture.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

SPECIAL = ["<|im_start|>", "<end_of_utterance>", "<image>", "<fake_token_around_image>"]
SPECIAL += ["<global-img>", *(f"<row_{r}_col_{c}>" for r in range(1, 7) for c in range(1, 7))]
SIDE = 64
"""Pixels of a tile; the real one has 512."""


def write(folder: Path, seed: int = 0) -> Path:
    """Write weights, configuration, tokenizer and image processor as the real model has them."""
    import torch
    from transformers import SmolVLMConfig, SmolVLMForConditionalGeneration

    tokenizer = _tokenizer()
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in SPECIAL[:3]}
    torch.manual_seed(seed)
    config = SmolVLMConfig(
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": SIDE,
            "patch_size": 16,
        },
        text_config={
            "model_type": "llama",
            "vocab_size": len(tokenizer),
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "pad_token_id": 0,
            "bos_token_id": ids["<|im_start|>"],
            "eos_token_id": ids["<end_of_utterance>"],
        },
        image_token_id=ids["<image>"],
        scale_factor=2,
        pad_token_id=0,
    )
    network = SmolVLMForConditionalGeneration(config)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    _pictures().save_pretrained(folder)
    return folder


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    model = models.BPE(vocab={c: i + 1 for i, c in enumerate(alphabet)} | {"<pad>": 0}, merges=[])
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token=SPECIAL[0],
        eos_token=SPECIAL[1],
        extra_special_tokens=SPECIAL[2:],
    )


def _pictures() -> Any:
    from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

    return SmolVLMImageProcessorPil(
        size={"longest_edge": 2 * SIDE}, max_image_size={"longest_edge": SIDE}
    )
