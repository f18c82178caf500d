"""Numbers of the GGUF format: sizes of value and tensor types, names of quantisations, types that keys must have.

Sources: the format's specification (ggml `docs/gguf.md`), and of the llama.cpp that comes with llama-cpp-python 0.3.36
the types of `ggml.h`, the file types of `llama.h` and the keys of `llama-arch.cpp` as its loaders read them.
"""

from __future__ import annotations

# Metadata value type -> `struct` code; 8 is a string, 9 an array.
SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<B", 10: "<Q", 11: "<q", 12: "<d"}
UINT8, INT8, UINT16, UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 0, 1, 2, 4, 5, 6, 7, 8, 9
WHOLE_NUMBERS = {0, 1, 2, 3, 4, 5, 7, 10, 11}
VALUE_TYPES = ("u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array", "u64", "i64", "f64")


def array_of(item: int) -> int:
    """Give the number that stands for an array of this type in the tables of this package."""
    return ARRAY << 4 | item


def type_name(kind: int) -> str:
    """Name a value type, an array with what it holds."""
    return VALUE_TYPES[kind] if kind < ARRAY << 4 else f"array of {VALUE_TYPES[kind & 15]}"


# Tensor type -> (name, elements per block, bytes per block).
TENSOR_TYPES = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    9: ("Q8_1", 32, 36),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36),
    41: ("Q1_0", 128, 18),
    42: ("Q2_0", 64, 18),
}

# Types that files once had and ggml no longer reads.
REMOVED_TYPES = {
    4: "Q4_2",
    5: "Q4_3",
    31: "Q4_0_4_4",
    32: "Q4_0_4_8",
    33: "Q4_0_8_8",
    36: "IQ4_NL_4_4",
    37: "IQ4_NL_4_8",
    38: "IQ4_NL_8_8",
}

# `general.file_type` -> the name people know the quantisation by.
FILE_TYPES = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    4: "Q4_1 with F16",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    19: "IQ2_XXS",
    20: "IQ2_XS",
    21: "Q2_K_S",
    22: "IQ3_XS",
    23: "IQ3_XXS",
    24: "IQ1_S",
    25: "IQ4_NL",
    26: "IQ3_S",
    27: "IQ3_M",
    28: "IQ2_S",
    29: "IQ2_M",
    30: "IQ4_XS",
    31: "IQ1_M",
    32: "BF16",
    36: "TQ1_0",
    37: "TQ2_0",
    38: "MXFP4_MOE",
    39: "NVFP4",
    40: "Q1_0",
    41: "Q2_0",
}

_UINT, _FLOAT, _TEXT, _FLAG = (UINT32,), (FLOAT32,), (STRING,), (BOOL,)
_UINT_OR_EACH = (UINT32, array_of(UINT32), array_of(INT32), array_of(BOOL))

# Key -> the types llama.cpp takes it in; with another it refuses the file, or the process aborts.
KEY_TYPES: dict[str, tuple[int, ...]] = {
    "general.architecture": _TEXT,
    "general.type": _TEXT,
    "general.name": _TEXT,
    "general.alignment": _UINT,
    "general.file_type": _UINT,
    "split.no": (UINT16,),
    "split.count": (UINT16,),
    "split.tensors.count": (INT32,),
    "adapter.type": _TEXT,
    "adapter.lora.alpha": _FLOAT,
    "adapter.lora.task_name": _TEXT,
    "adapter.lora.prompt_prefix": _TEXT,
    "adapter.alora.invocation_tokens": (array_of(UINT32),),
    "tokenizer.chat_template": _TEXT,
    "tokenizer.ggml.model": _TEXT,
    "tokenizer.ggml.pre": _TEXT,
    "tokenizer.ggml.tokens": (array_of(STRING),),
    "tokenizer.ggml.token_type": (array_of(INT32),),
    "tokenizer.ggml.token_type_count": _UINT,
    "tokenizer.ggml.scores": (array_of(FLOAT32), array_of(INT32)),
    "tokenizer.ggml.merges": (array_of(STRING),),
    "tokenizer.ggml.precompiled_charsmap": (array_of(INT8), array_of(UINT8)),
    "tokenizer.ggml.suppress_tokens": (array_of(INT32),),
    "tokenizer.ggml.add_bos_token": _FLAG,
    "tokenizer.ggml.add_eos_token": _FLAG,
    "tokenizer.ggml.add_sep_token": _FLAG,
    "tokenizer.ggml.add_space_prefix": _FLAG,
    "tokenizer.ggml.remove_extra_whitespaces": _FLAG,
}

# The same of the keys that begin with the name of the architecture.
ARCHITECTURE_KEY_TYPES: dict[str, tuple[int, ...]] = {
    "context_length": _UINT,
    "embedding_length": _UINT,
    "block_count": _UINT,
    "nextn_predict_layers": _UINT,
    "vocab_size": _UINT,
    "feed_forward_length": _UINT_OR_EACH,
    "expert_count": _UINT,
    "expert_used_count": _UINT_OR_EACH,
    "expert_group_count": _UINT,
    "expert_group_used_count": _UINT,
    "pooling_type": _UINT,
    "full_attention_interval": _UINT,
    "wkv.head_size": _UINT,
    "attention.causal": _FLAG,
    "attention.head_count": _UINT_OR_EACH,
    "attention.head_count_kv": _UINT_OR_EACH,
    "attention.key_length": _UINT,
    "attention.value_length": _UINT,
    "attention.sliding_window": _UINT,
    "attention.layer_norm_epsilon": _FLOAT,
    "attention.layer_norm_rms_epsilon": _FLOAT,
    "attention.group_norm_epsilon": _FLOAT,
    "rope.dimension_count": _UINT,
    "rope.freq_base": _FLOAT,
    "rope.scaling.type": _TEXT,
    "rope.scaling.factor": _FLOAT,
    "rope.scaling.attn_factor": _FLOAT,
    "rope.scaling.original_context_length": _UINT,
    "rope.scaling.finetuned": _FLAG,
}

# Architectures whose code in llama.cpp asserts that keys are as long as values, and that heads are rotated whole.
EQUAL_HEADS = frozenset(
    {
        "afmoe", "apertus", "arcee", "arctic", "baichuan", "bailingmoe2", "bert", "bitnet", "bloom",
        "chameleon", "chatglm", "codeshell", "cogvlm", "cohere2", "cohere2moe", "command-r", "dbrx", "deci",
        "deepseek", "dflash", "dots1", "dream", "eagle3", "ernie4_5-moe", "ernie4_5", "eurobert", "exaone",
        "falcon", "glm4moe", "glm4", "gpt2", "gptneox", "granitehybrid", "granite_swa", "graniteswitch",
        "granite", "grok", "grovemoe", "hunyuan-moe", "hunyuan_vl", "hy_v3", "internlm2", "jais", "jais2",
        "laguna", "llada-moe", "llada", "llama", "llama4", "maincoder", "mellum", "minimax-01", "minimax-m2",
        "minimax-m3", "mistral3", "modern-bert", "mpt", "muse-glimmer", "nanbeige", "nemotron_h", "nemotron",
        "neo-bert", "olmo", "olmo2", "olmoe", "openelm", "orion", "paddleocr", "pangu-embedded", "phi2", "phi3",
        "plamo", "pockettts", "qwen", "qwen2", "qwen2moe", "qwen2vl", "qwen3", "qwen35", "qwen35moe",
        "qwen3moe", "qwen3next", "qwen3vl", "qwen3vlmoe", "qwen4exp", "refact", "rnd1", "seed_oss",
        "smallthinker", "smollm3", "spark2_5", "stablelm", "starcoder", "starcoder2", "t5", "xverse",
    }
)  # fmt: skip
ROTATED_WHOLE = frozenset(
    {
        "apertus", "arcee", "arctic", "baichuan", "chameleon", "codeshell", "cogvlm", "cohere2moe", "dbrx",
        "deci", "deepseek", "dots1", "dream", "ernie4_5-moe", "ernie4_5", "exaone-moe", "exaone", "exaone4",
        "falcon", "granite_swa", "graniteswitch", "granite", "grok", "grovemoe", "hunyuan-moe", "hunyuan_vl",
        "hy_v3", "internlm2", "jais2", "llada-moe", "llada", "llama", "llama4", "maincoder", "mellum",
        "mistral3", "olmo", "olmo2", "olmoe", "orion", "paddleocr", "pangu-embedded", "plamo", "pockettts",
        "qwen2", "qwen2moe", "qwen2vl", "qwen3", "qwen3moe", "qwen3vl", "qwen3vlmoe", "rnd1", "seed_oss",
        "smallthinker", "smollm3", "starcoder2", "talkie", "xverse",
    }
)  # fmt: skip
