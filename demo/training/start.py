"""Start weights for the bundled reader in which reading a page is laid out already.

A model this small is late to find by itself how to look back, to copy, to tell which passage a token is
in and which passage the question is about. So the heads for it are written down here, as a rough draft:
training sharpens them, and learns what to say and when to refuse. By layer:

0. look one, two and three tokens back, by rotary phase;
1. find the number of the passage one stands in ("numbering");
2. find where the same words stood before, and fetch the passage number from there ("voting");
3. gather the votes of the last twenty tokens or so: those of the question, then of the quotation;
4. and 5. copy what followed the same words in the passage that was voted for, its first word after an
   opening quotation mark, its number after an opening bracket.

Layers after that start small and random. The first dimensions of the embedding are kept free for these
signals. (Measured on the reader's first version: without this draft 0.04 of answers were right after
2.2 million tokens, with it 0.5 after 1.8 million.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from demo.training.model import Block, ReaderModel

PASSAGES = 8
SHARED = 4.0
"""The component that all embeddings have in common (dimension 0); others have a spread of 1."""
OWN = slice(1, 1 + PASSAGES)
VOTED = slice(1 + PASSAGES, 1 + 2 * PASSAGES)
GATHERED = slice(1 + 2 * PASSAGES, 1 + 3 * PASSAGES)
RESERVED = 1 + 3 * PASSAGES
_REACH = 3
_SLOW = 15
"""From this rotary pair on a head turns by less than half a radian in a thousand tokens."""

Encode = Callable[[str], int]
"""From a text that is one token to its id."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What the laid heads have in common: `seen` (head_dim, width) is what look-back heads read of a token,
    `behind[n]` (width, head_dim) where the head that looks n + 1 back writes it."""

    model: ReaderModel
    encode: Encode
    seen: Tensor
    behind: tuple[Tensor, ...]
    rest: Tensor

    @property
    def size(self) -> int:
        """Dimensions of a head."""
        return self.model.shape.head_dim

    def token(self, text: str) -> Tensor:
        """Direction (width) of a token, of length 1 over the squared length of its embedding."""
        row = self.model.embed_tokens.weight[self.encode(text)].clone()
        row[:RESERVED] = 0.0
        return row / row.square().sum()

    def before(self, text: str, distance: int) -> Tensor:
        """Direction (width) that is there if the token `distance` back is `text`."""
        row = self.behind[distance - 1] @ (self.seen @ self.token(text))
        scaled: Tensor = row / row.norm() * 0.1
        return scaled


def initialise(model: ReaderModel, seed: int, encode: Encode) -> None:
    """Fill all weights: small random ones, and the laid heads over them."""
    torch.manual_seed(seed)
    nn.init.normal_(model.embed_tokens.weight)
    nn.init.constant_(model.norm.weight, model.shape.hidden_size**-0.5)
    for layer in model.layers:
        assert isinstance(layer, Block)
        _fill(layer)
    with torch.no_grad():
        model.embed_tokens.weight[:, :RESERVED] = 0.0
        model.embed_tokens.weight[:, 0] = SHARED
        draft = _lay_lookback(model, encode)
        _lay_numbering(draft)
        _lay_voting(draft)
        _lay_gathering(draft)
        for number in (4, 5):
            _lay_copying(draft, number)


def _fill(layer: Block) -> None:
    width, inner = layer.mlp.down_proj.weight.shape
    attention = layer.self_attn
    for weight in (layer.mlp.gate_proj.weight, layer.mlp.up_proj.weight):
        nn.init.normal_(weight, std=width**-0.5)
    nn.init.normal_(layer.mlp.down_proj.weight, std=0.2 * inner**-0.5)
    nn.init.normal_(attention.q_proj.weight, std=width**-0.5)
    with torch.no_grad():
        attention.k_proj.weight.copy_(attention.q_proj.weight)
        attention.v_proj.weight.normal_(std=width**-0.5)
        attention.o_proj.weight.copy_(attention.v_proj.weight.T * 0.2)


def _lay_lookback(model: ReaderModel, encode: Encode) -> Draft:
    shape = model.shape
    size, width = shape.head_dim, shape.hidden_size
    basis = _orthogonal(width, width - RESERVED)
    seen, *behind = (basis[:, part * size : (part + 1) * size] for part in range(1 + _REACH))
    for part in behind[:2]:
        # What tokens are themselves should not be taken for what stands before them.
        model.embed_tokens.weight.sub_(0.7 * model.embed_tokens.weight @ part @ part.T)
    for head in range(_REACH):
        query, key = torch.zeros(size, width), torch.zeros(size, width)
        for pair in range(5):
            angle = torch.tensor((head + 1) * float(model.frequencies[pair]))
            query[pair, 0] = strength = 15.0 / SHARED / 5**0.5
            key[pair, 0], key[pair + size // 2, 0] = strength * angle.cos(), strength * angle.sin()
        _set_head(model, 0, head, query, key, seen.T, 1.5 * behind[head])
    return Draft(model, encode, seen.T.contiguous(), tuple(behind), behind[-1].T.contiguous())


def _lay_numbering(draft: Draft) -> None:
    """The latest digit after a bracket: shared component as query, slow phases to favour what is near."""
    model, size, width = draft.model, draft.size, draft.model.shape.hidden_size
    sought = 10.0 * draft.before("[", 1) + 8.0 * _digits(draft).sum(0)
    query, key = torch.zeros(size, width), torch.zeros(size, width)
    for pair, strength in ((7, 0.5), (8, 0.6), (10, 0.7), (12, 0.7)):
        query[pair, 0] = 6.0 * strength
        key[pair] = 1.0 * strength * sought
    value, out = torch.zeros(size, width), torch.zeros(width, size)
    value[:PASSAGES] = _digits(draft)
    out[OWN, :PASSAGES] = 14.0 * torch.eye(PASSAGES)
    _set_head(model, 1, 3, query, key, value, out)


def _lay_voting(draft: Draft) -> None:
    """Where what stands before is what stands here, or one further back, fetch the number of the passage."""
    slots = _slow_slots(draft)
    for head, (query_part, key_part) in enumerate(_matches(draft)):
        query, key = _pair(draft, slots, 3.2 * query_part, 3.2 * key_part)
        value, out = _carry(draft, OWN, VOTED, 1.0)
        _set_head(draft.model, 2, 3 - head, query, key, value, out)


def _lay_gathering(draft: Draft) -> None:
    size, width = draft.size, draft.model.shape.hidden_size
    query, key = torch.zeros(size, width), torch.zeros(size, width)
    for pair, strength in ((5, 0.25), (7, 0.4), (8, 0.35), (10, 0.4)):
        query[pair, 0] = key[pair, 0] = (64.0 * strength) ** 0.5 / 2.0
    value, out = _carry(draft, VOTED, GATHERED, 3.0)
    _set_head(draft.model, 3, 3, query, key, value, out)


def _lay_copying(draft: Draft, number: int) -> None:
    """Copy within the passage voted for: what followed the same words, its first word, its number."""
    opening = (draft.token(' "'), draft.before(" ", 1) + draft.before("]", 2))
    numbering = (draft.token(" ["), draft.before("[", 1) + _digits(draft).sum(0))
    slots, kept = _slow_slots(draft)[:-PASSAGES], _slow_slots(draft)[-PASSAGES:]
    parts = [(3.0 * query, 3.0 * key) for query, key in _matches(draft)]
    parts += [(12.0 * query[None], 12.0 * key[None]) for query, key in (opening, numbering)]
    for head, (query_part, key_part) in enumerate(parts):
        query, key = _pair(draft, slots, query_part, key_part)
        query[kept, GATHERED] = 3.0 * torch.eye(PASSAGES)
        key[kept, OWN] = 3.0 * torch.eye(PASSAGES)
        value = draft.rest if number == 4 else draft.seen
        _set_head(draft.model, number, 3 - head, query, key, value, 6.0 * value.T)


def _digits(draft: Draft) -> Tensor:
    return torch.stack([draft.token(str(number)) for number in range(1, 1 + PASSAGES)])


def _matches(draft: Draft) -> list[tuple[Tensor, Tensor]]:
    """What stands here against what stood one back; what stood one back against two back."""
    first, second = draft.behind[0].T, draft.behind[1].T
    return [(draft.seen, first), (first, second)]


def _pair(draft: Draft, slots: list[int], query_part: Tensor, key_part: Tensor) -> tuple[Tensor, Tensor]:
    """Query and key weights with the given rows, as many as there are, in slow rotary dimensions."""
    query = 0.01 * torch.randn(draft.size, draft.model.shape.hidden_size)
    key = 0.01 * torch.randn_like(query)
    used = slots[: len(query_part)]
    query[used], key[used] = query_part[: len(used)], key_part[: len(used)]
    return query, key


def _slow_slots(draft: Draft) -> list[int]:
    """Dimensions of a head that hardly turn, fastest first."""
    half = draft.size // 2
    return [slot for pair in range(_SLOW, half) for slot in (pair, pair + half)]


def _carry(draft: Draft, source: slice, target: slice, gain: float) -> tuple[Tensor, Tensor]:
    value = torch.zeros(draft.size, draft.model.shape.hidden_size)
    value[:PASSAGES, source] = torch.eye(PASSAGES)
    out = torch.zeros(draft.model.shape.hidden_size, draft.size)
    out[target, :PASSAGES] = gain * torch.eye(PASSAGES)
    return value, out


def _orthogonal(width: int, size: int) -> Tensor:
    """Orthonormal columns (width, size) that leave the reserved dimensions alone."""
    columns = torch.zeros(width, size)
    columns[RESERVED:] = torch.linalg.qr(torch.randn(width - RESERVED, size))[0]
    return columns


def _set_head(
    model: ReaderModel, layer: int, head: int, query: Tensor, key: Tensor, value: Tensor, out: Tensor
) -> None:
    attention = model.layers[layer].self_attn
    assert isinstance(attention, nn.Module)
    size = model.shape.head_dim
    rows = slice(head * size, (head + 1) * size)
    weights = dict(attention.named_parameters())
    weights["q_proj.weight"][rows], weights["k_proj.weight"][rows] = query, key
    weights["v_proj.weight"][rows], weights["o_proj.weight"][:, rows] = value, out
