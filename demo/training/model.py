"""The bundled reader as a plain Llama in PyTorch, with the weight names and the arithmetic of transformers.

Trained here rather than through `transformers` for two things that it lacks: running text of many documents,
some of them trees of questions over one set of passages (see `rows`), each attended to by itself; and scores
computed only where there is something to learn. On a CPU with bfloat16 matrix instructions this trains some
five times as many tokens a second as one masked square over everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from demo.training.tokens import VOCABULARY


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the model; the names are those of a Llama config.json."""

    vocab_size: int = VOCABULARY
    hidden_size: int = 320
    intermediate_size: int = 960
    num_hidden_layers: int = 8
    num_attention_heads: int = 5
    head_dim: int = 64
    rope_theta: float = 10_000_000.0
    rms_norm_eps: float = 1e-5


@dataclass(frozen=True, slots=True)
class Documents:
    """Where documents end in running text, and who sees whom in each.

    `sizes` are tokens a document; `masks` (1, size, size) are added to scores: 0 where seen, else minus
    infinity.
    """

    sizes: list[int]
    masks: list[Tensor]


def find_documents(documents: Tensor, branches: Tensor) -> Documents:
    """Documents of running text, from numbers of documents and branches, (length,) both.

    A token sees earlier ones of its document: of the shared beginning (branch 0) and of its own branch.
    """
    edges = torch.nonzero(documents[1:] != documents[:-1]).flatten() + 1
    sizes = torch.diff(edges, prepend=edges.new_zeros(1), append=edges.new_tensor([len(documents)])).tolist()
    return Documents(sizes, [_mask(branch) for branch in torch.split(branches, sizes)])


def _mask(branch: Tensor) -> Tensor:
    earlier = torch.ones(len(branch), len(branch), dtype=torch.bool, device=branch.device).tril()
    seen = earlier & ((branch == 0)[None] | (branch[None] == branch[:, None]))
    return torch.zeros(seen.shape, device=branch.device).masked_fill_(~seen, float("-inf"))[None]


class Attention(nn.Module):
    """Causal self-attention with rotary positions, over one document at a time."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads, self.head_dim = shape.num_attention_heads, shape.head_dim
        width = self.heads * self.head_dim
        self.q_proj = nn.Linear(shape.hidden_size, width, bias=False)
        self.k_proj = nn.Linear(shape.hidden_size, width, bias=False)
        self.v_proj = nn.Linear(shape.hidden_size, width, bias=False)
        self.o_proj = nn.Linear(width, shape.hidden_size, bias=False)

    def project(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, each (heads, length, head_dim); queries scaled, both turned."""
        split = (len(x), self.heads, self.head_dim)
        q, k, v = (part(x).view(split).transpose(0, 1) for part in (self.q_proj, self.k_proj, self.v_proj))
        return _rotate(q, cos, sin) * self.head_dim**-0.5, _rotate(k, cos, sin), v

    @staticmethod
    def mix(q: Tensor, k: Tensor, v: Tensor, documents: Documents) -> Tensor:
        """Values as queries ask for them, (length, heads x head_dim).

        Products of whole matrices and no fused kernel: that of PyTorch for CPUs takes twice as long on
        documents this short.
        """
        parts = zip(
            *(torch.split(part, documents.sizes, dim=1) for part in (q, k, v)), documents.masks, strict=True
        )
        mixed = [
            torch.bmm(torch.baddbmm(mask.to(q.dtype), q, k.transpose(1, 2)).softmax(-1), v)
            for q, k, v, mask in parts
        ]
        return torch.cat(mixed, dim=1).transpose(0, 1).flatten(1)


class FeedForward(nn.Module):
    """SwiGLU."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.up_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.down_proj = nn.Linear(shape.intermediate_size, shape.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))
        return out


class Block(nn.Module):
    """One layer: attention, then feed-forward, each on a normalised copy and added back."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.input_layernorm = nn.RMSNorm(shape.hidden_size, eps=shape.rms_norm_eps)
        self.self_attn = Attention(shape)
        self.post_attention_layernorm = nn.RMSNorm(shape.hidden_size, eps=shape.rms_norm_eps)
        self.mlp = FeedForward(shape)

    def prepare(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What comes before attention."""
        return self.self_attn.project(self.input_layernorm(x), cos, sin)

    def finish(self, x: Tensor, mixed: Tensor) -> Tensor:
        """What comes after."""
        x = x + self.self_attn.o_proj(mixed)
        out: Tensor = x + self.mlp(self.post_attention_layernorm(x))
        return out


class ReaderModel(nn.Module):
    """Token ids and positions (length,) and their documents to hidden states (length, width)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embed_tokens = nn.Embedding(shape.vocab_size, shape.hidden_size)
        self.layers = nn.ModuleList([Block(shape) for _ in range(shape.num_hidden_layers)])
        self.norm = nn.RMSNorm(shape.hidden_size, eps=shape.rms_norm_eps)
        self.frequencies: Tensor
        steps = torch.arange(0, shape.head_dim, 2, dtype=torch.float32) / shape.head_dim
        self.register_buffer("frequencies", shape.rope_theta**-steps, persistent=False)

    def forward(self, ids: Tensor, positions: Tensor, documents: Documents) -> Tensor:
        angles = positions[:, None].float() * self.frequencies
        angles = torch.cat([angles, angles], dim=-1)
        cos, sin = angles.cos(), angles.sin()
        x = self.embed_tokens(ids)
        for layer in self.layers:
            assert isinstance(layer, Block)
            x = layer.finish(x, Attention.mix(*layer.prepare(x, cos, sin), documents))
        out: Tensor = self.norm(x)
        return out

    def compile_parts(self) -> None:
        """Put torch.compile around all that has one size for one length of text: all but attention."""
        build = partial(torch.compile, dynamic=False, fullgraph=True)
        for layer in self.layers:
            assert isinstance(layer, Block)
            layer.prepare, layer.finish = build(layer.prepare), build(layer.finish)  # type: ignore[method-assign]


PLACES = 512
"""Places scored at a time, so that one compiled size serves."""


def measure_losses(states: Tensor, embedding: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy (n,) of the next token at some places, from their hidden states (n, width)."""
    return F.cross_entropy(F.linear(states, embedding).float(), targets, reduction="none")


def choose_places(weights: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
    """Places whose next token is learnt and what each counts, (n,) both, with nothings up to whole PLACES.

    A place of weight 0.1 is learnt one time in ten with weight 1: the same on average, at a tenth of the
    cost.
    """
    wanted = weights[1:]
    taken = wanted > torch.rand(len(wanted), generator=generator)
    places = torch.nonzero(taken).flatten()
    counts = wanted[places].clamp(min=1.0)
    spare = -len(places) % PLACES
    return F.pad(places, (0, spare)), F.pad(counts, (0, spare))


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    low, high = x.chunk(2, dim=-1)
    return (x * cos + torch.cat([-high, low], dim=-1) * sin).to(x.dtype)
