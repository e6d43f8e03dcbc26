"""seine-mini: DeepSeek-V3 in miniature, the same function as Hugging Face's DeepseekV3ForCausalLM.

Multi-head latent attention with interleaved RoPE on a shared key part, first layer dense, then mixtures of experts
(sigmoid gate, top-k by score + correction bias, weights renormalised and scaled, one shared expert), RMS norms, tied
embeddings without any scale. Parameter names are Hugging Face's, except that a layer's experts are stacked
[experts, out, in]. Nothing is dropped: tokens are sorted by expert into one buffer of static size.
"""
from dataclasses import dataclass
import torch, torch.nn as nn, torch.nn.functional as F

try:
    from torch.nn.attention.flex_attention import BlockMask, flex_attention
except ImportError:                       # older PyTorch: plain attention only
    flex_attention = None
ALIGN = 8                                 # rows: expert groups start on 16-byte borders in bf16


@dataclass
class Config:
    vocab_size: int = 16384
    hidden_size: int = 448
    num_hidden_layers: int = 10
    num_attention_heads: int = 8
    qk_nope_head_dim: int = 32
    qk_rope_head_dim: int = 32
    v_head_dim: int = 64
    kv_lora_rank: int = 128
    intermediate_size: int = 1536
    first_k_dense_replace: int = 1
    n_routed_experts: int = 8
    num_experts_per_tok: int = 2
    moe_intermediate_size: int = 224
    n_shared_experts: int = 1
    routed_scaling_factor: float = 1.0
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-6


def rms_norm(x, weight, eps):
    y = x.float()
    y = y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + eps)
    return (y * weight.float()).to(x.dtype)


class RMSNorm(nn.Module):
    def __init__(self, d, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d)); self.eps = eps

    def forward(self, x):
        return rms_norm(x, self.weight, self.eps)


def linear(i, o, zero=False):
    m = nn.Linear(i, o, bias=False)
    nn.init.zeros_(m.weight) if zero else nn.init.normal_(m.weight, std=i ** -0.5)
    return m


def rotate(x, cos, sin):
    """RoPE on pairs (0,1), (2,3), ... x [B,T,H,r]; cos, sin [T,r/2]. The pairs leave half-split (all evens, then all
    odds), as in Hugging Face's class; scores do not notice, since queries and keys agree."""
    a, b = x.float()[..., 0::2], x.float()[..., 1::2]
    cos, sin = cos[None, :, None], sin[None, :, None]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1).to(x.dtype)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__(); self.c = c; H = c.num_attention_heads
        self.q_proj = linear(c.hidden_size, H * (c.qk_nope_head_dim + c.qk_rope_head_dim))
        self.kv_a_proj_with_mqa = linear(c.hidden_size, c.kv_lora_rank + c.qk_rope_head_dim)
        self.kv_a_layernorm = RMSNorm(c.kv_lora_rank, 1e-6)
        self.kv_b_proj = linear(c.kv_lora_rank, H * (c.qk_nope_head_dim + c.v_head_dim))
        self.o_proj = linear(H * c.v_head_dim, c.hidden_size, zero=True)

    def forward(self, x, cos, sin, mask, cache):
        c = self.c; B, T, _ = x.shape; H, n, r, v = c.num_attention_heads, c.qk_nope_head_dim, c.qk_rope_head_dim, c.v_head_dim
        q = self.q_proj(x).view(B, T, H, n + r)
        q = torch.cat([q[..., :n], rotate(q[..., n:], cos, sin)], -1)
        kva = self.kv_a_proj_with_mqa(x)
        k_rope = rotate(kva[..., None, c.kv_lora_rank:], cos, sin)
        kv = self.kv_b_proj(self.kv_a_layernorm(kva[..., :c.kv_lora_rank])).view(B, T, H, n + v)
        k = torch.cat([kv[..., :n], k_rope.expand(B, T, H, r)], -1)
        q, k, v_ = (t.transpose(1, 2).contiguous() for t in (q, k, kv[..., n:]))
        if mask is not None and not torch.is_tensor(mask):
            y = flex_attention(q, k, v_, block_mask=mask)
        else:
            if cache is not None:
                k, v_ = cache.extend(self, k, v_)
            s = (q @ k.transpose(-1, -2)).float() * (n + r) ** -0.5
            past = torch.ones(T, k.shape[2], dtype=torch.bool, device=x.device).tril(k.shape[2] - T)
            s = s.masked_fill(~(past if mask is None else past & mask), float("-inf"))
            y = s.softmax(-1).to(v_.dtype) @ v_
        return self.o_proj(y.transpose(1, 2).reshape(B, T, H * v))


class MLP(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.gate_proj = linear(d, h); self.up_proj = linear(d, h); self.down_proj = linear(h, d, zero=True)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Gather(torch.autograd.Function):
    """y[i] = x[idx[i]], a zero row where idx == len(x). The gradient gathers, too, through the inverse index `inv`
    (fan rows of y for each row of x): no atomics, so sums are deterministic."""
    @staticmethod
    def forward(ctx, x, idx, inv, fan):
        ctx.save_for_backward(inv); ctx.fan = fan
        return torch.cat([x, x.new_zeros(1, x.shape[1])])[idx]

    @staticmethod
    def backward(ctx, g):
        inv, = ctx.saved_tensors
        gx = torch.cat([g, g.new_zeros(1, g.shape[1])])[inv]
        return (gx.view(-1, ctx.fan, g.shape[1]).sum(1) if ctx.fan > 1 else gx), None, None, None


def grouped_mm(x, w, offs):
    """Rows up to offs[0] times w[0], from there up to offs[1] times w[1], ..."""
    if x.is_cuda:
        return torch._grouped_mm(x, w, offs=offs)
    edge = [0] + offs.tolist()
    return torch.cat([x[a:b] @ w[i] for i, (a, b) in enumerate(zip(edge, edge[1:]))])


class Experts(nn.Module):
    def __init__(self, c):
        super().__init__()
        E, d, h = c.n_routed_experts, c.hidden_size, c.moe_intermediate_size
        self.gate_proj = nn.Parameter(torch.randn(E, h, d) * d ** -0.5)
        self.up_proj = nn.Parameter(torch.randn(E, h, d) * d ** -0.5)
        self.down_proj = nn.Parameter(torch.zeros(E, d, h))


class Gate(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(c.n_routed_experts, c.hidden_size) * c.hidden_size ** -0.5)
        self.register_buffer("e_score_correction_bias", torch.zeros(c.n_routed_experts))


class MoE(nn.Module):
    """grouped: one grouped product over the sorted buffer, nothing dropped (Hopper, bf16). Otherwise each expert gets a
    slab of `capacity` times its fair share in training, and the whole batch outside it."""
    grouped = False
    capacity = 2.0

    def __init__(self, c):
        super().__init__(); self.c = c
        self.gate = Gate(c); self.experts = Experts(c)
        self.shared_experts = MLP(c.hidden_size, c.moe_intermediate_size * c.n_shared_experts)
        self.register_buffer("load", torch.zeros(c.n_routed_experts), persistent=False)

    def products(self, x, offs):
        """x [rows, d] sorted by expert -> expert outputs; offs: end of each group, or None for equal slabs."""
        e = self.experts; g, u, d = (w.to(x.dtype).transpose(1, 2) for w in (e.gate_proj, e.up_proj, e.down_proj))
        if offs is None:
            x = x.view(len(g), -1, x.shape[1])
            return torch.bmm(F.silu(torch.bmm(x, g)) * torch.bmm(x, u), d).flatten(0, 1)
        mm = lambda a, b: grouped_mm(a, b, offs)
        return mm(F.silu(mm(x, g)) * mm(x, u), d)

    def forward(self, x):
        c = self.c; B, T, d = x.shape; N = B * T; E, K = c.n_routed_experts, c.num_experts_per_tok
        x = x.reshape(N, d)
        with torch.autocast(x.device.type, enabled=False):
            score = torch.sigmoid(x.float() @ self.gate.weight.float().T)
        e = (score.detach() + self.gate.e_score_correction_bias).topk(K, 1).indices       # N,K
        w = score.gather(1, e)
        w = w / (w.sum(1, keepdim=True) + 1e-20) * c.routed_scaling_factor
        e = e.reshape(-1)
        es, order = torch.sort(e, stable=True)
        cnt = (e[:, None] == torch.arange(E, device=x.device)).sum(0)
        pos = torch.arange(N * K, device=x.device) - (cnt.cumsum(0) - cnt)[es]
        if self.grouped:
            size = (cnt + ALIGN - 1) // ALIGN * ALIGN
            offs = size.cumsum(0); slots = (N * K // ALIGN + E) * ALIGN
            slot_s = (offs - size)[es] + pos
            offs = torch.cat([offs[:-1], offs.new_full((1,), slots)]).to(torch.int32)
        else:
            C = (int(N * K / E * self.capacity) + 127) // 128 * 128 if self.training else N
            offs = None; slots = E * C
            slot_s = torch.where(pos < C, es * C + pos, slots)                            # slots: dropped
        slot = torch.empty_like(slot_s).scatter(0, order, slot_s)                         # pair -> slot
        pair = torch.full((slots + 1,), N * K, device=x.device, dtype=slot.dtype).scatter(0, slot_s, order)[:slots]
        if self.training:
            self.load.copy_(cnt)
        y = self.products(Gather.apply(x, pair // K, slot, K), offs)
        y = Gather.apply(y, slot, pair, 1).view(N, K, d)
        y = (y * w[..., None].to(y.dtype)).sum(1) + self.shared_experts(x)
        return y.view(B, T, d)


class Layer(nn.Module):
    dropout = 0.0                                        # of what each part adds, in training

    def __init__(self, c, i):
        super().__init__()
        self.input_layernorm = RMSNorm(c.hidden_size, c.rms_norm_eps)
        self.self_attn = Attention(c)
        self.post_attention_layernorm = RMSNorm(c.hidden_size, c.rms_norm_eps)
        self.mlp = MLP(c.hidden_size, c.intermediate_size) if i < c.first_k_dense_replace else MoE(c)

    def forward(self, x, cos, sin, mask, cache):
        drop = lambda y: F.dropout(y, self.dropout, self.training)
        x = x + drop(self.self_attn(self.input_layernorm(x), cos, sin, mask, cache))
        return x + drop(self.mlp(self.post_attention_layernorm(x)))


class Cache:
    """Keys and values of one decode, by attention module. `repeat` copies a one-row prefix for n beams."""
    def __init__(self):
        self.kv = {}; self.length = 0

    def extend(self, at, k, v):
        if at in self.kv:
            k = torch.cat([self.kv[at][0], k], 2); v = torch.cat([self.kv[at][1], v], 2)
        self.kv[at] = (k, v)
        return k, v

    def select(self, rows):
        new = Cache(); new.length = self.length
        new.kv = {m: (k[rows], v[rows]) for m, (k, v) in self.kv.items()}
        return new


class Model(nn.Module):
    def __init__(self, c, embed_std=0.02):
        """A greater embed_std lets a token's identity outlast what the layers add to it; the gain of the last norm makes
        up for it in the tied output, so that logits start equally small."""
        super().__init__(); self.c = c
        self.embed_tokens = nn.Embedding(c.vocab_size, c.hidden_size)
        nn.init.normal_(self.embed_tokens.weight, std=embed_std)
        self.layers = nn.ModuleList(Layer(c, i) for i in range(c.num_hidden_layers))
        self.norm = RMSNorm(c.hidden_size, c.rms_norm_eps)
        nn.init.constant_(self.norm.weight, 0.02 / embed_std)
        self.run = list(self.layers)          # replaced by compiled layers for training

    def forward(self, ids, mask=None, cache=None, compiled=False):
        """ids [B,T] -> hidden states after the last norm. mask: BlockMask or bool tensor [B,1,T,S] (None: causal)."""
        c = self.c; past = cache.length if cache else 0
        f = c.rope_theta ** (-torch.arange(0, c.qk_rope_head_dim, 2, device=ids.device).float() / c.qk_rope_head_dim)
        a = torch.arange(past, past + ids.shape[1], device=ids.device).float()[:, None] * f
        x = F.embedding(ids, self.embed_tokens.weight)
        x = x.to(torch.bfloat16) if torch.is_autocast_enabled() else x
        for layer in (self.run if compiled else self.layers):
            x = layer(x, a.cos(), a.sin(), mask, cache)
        if cache:
            cache.length += ids.shape[1]
        return self.norm(x)

    def logits(self, h):
        return F.linear(h, self.embed_tokens.weight.to(h.dtype))


def token_loss(h, w, y):
    """Cross-entropy of each token, softmax in float32."""
    return F.cross_entropy(F.linear(h, w.to(h.dtype)).float(), y, reduction="none")


def plain_mask(doc):
    """doc [B,T] -> bool [B,1,T,T]: same sample only (the causal part is added by the attention)."""
    return (doc[:, :, None] == doc[:, None, :])[:, None]


def block_mask(doc, bs=128):
    """Causal and same-sample mask for flex_attention. doc [B,T] rises along a row, so the table of blocks follows from
    each block's least and greatest sample."""
    B, T = doc.shape; n = T // bs
    d = doc.view(B, n, bs); lo, hi = d.amin(-1), d.amax(-1)
    i = torch.arange(n, device=doc.device)
    some = (i[None, :] <= i[:, None]) & (hi[:, None, :] >= lo[:, :, None])            # B, query block, key block
    full = (i[None, :] < i[:, None]) & (lo[:, None, :] == hi[:, :, None])
    def table(m):
        m = m[:, None]
        return m.sum(-1).to(torch.int32), torch.argsort((~m).to(torch.int8), dim=-1, stable=True).to(torch.int32)
    def mod(b, h, q, k):
        return (q >= k) & (doc[b, q] == doc[b, k])
    return BlockMask.from_kv_blocks(*table(some & ~full), *table(full), BLOCK_SIZE=bs, mask_mod=mod)


def count(model):
    """-> (all weights, weights active for one token)"""
    c = model.c
    total = sum(p.numel() for p in model.parameters())
    routed = sum(p.numel() for n, p in model.named_parameters() if ".experts." in n)
    return total, total - routed + routed * c.num_experts_per_tok // c.n_routed_experts
