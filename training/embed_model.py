"""seine-embed: a bidirectional encoder. RMS norm before each part, rotary positions (halves rotate), SwiGLU. Of a text: the
mean over all tokens of the last norm's output. Of a question with a passage behind it, read as one text: how well the
passage answers, from the mean over the question's tokens. Parameter names end as seine-mini's do, so quant.width gives
the release's formats: feed-forward weights Q4_0, other matrices Q8_0, norms and the score's weights float32.
"""
from dataclasses import dataclass
import torch, torch.nn as nn, torch.nn.functional as F
from model import RMSNorm, linear, rms_norm


@dataclass
class Config:
    vocab_size: int = 16384
    hidden_size: int = 384
    num_hidden_layers: int = 6
    num_attention_heads: int = 6
    intermediate_size: int = 1024
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-6
    context: int = 512


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__(); d = c.hidden_size
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = linear(d, d), linear(d, d), linear(d, d), linear(d, d, zero=True)


class MLP(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.gate_proj = linear(d, h); self.up_proj = linear(d, h); self.down_proj = linear(h, d, zero=True)


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.input_layernorm = RMSNorm(c.hidden_size, c.rms_norm_eps)
        self.self_attn = Attention(c)
        self.post_attention_layernorm = RMSNorm(c.hidden_size, c.rms_norm_eps)
        self.mlp = MLP(c.hidden_size, c.intermediate_size)

    def weights(self):
        a, m = self.self_attn, self.mlp
        return (self.input_layernorm.weight, a.q_proj.weight, a.k_proj.weight, a.v_proj.weight, a.o_proj.weight,
                self.post_attention_layernorm.weight, m.gate_proj.weight, m.up_proj.weight, m.down_proj.weight)


def rotate(x, cos, sin):
    """x [B,H,T,r]: value i turns with value i + r/2. cos, sin [T,r/2]."""
    a, b = x.float().chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1).to(x.dtype)


def attention(q, k, v, keep):
    """keep: bool [B,1,1,T], the tokens that are there."""
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=keep)
    s = (q @ k.transpose(-1, -2)).float() * q.shape[-1] ** -0.5
    return s.masked_fill(~keep, float("-inf")).softmax(-1).to(v.dtype) @ v


def block(x, keep, cos, sin, heads, eps, dropout, n1, wq, wk, wv, wo, n2, wg, wu, wd):
    """One layer, a function of its weights: one compilation a shape serves all layers. x [B,T,d]; dropout of what each part adds"""
    B, T, d = x.shape
    h = rms_norm(x, n1, eps)
    q, k, v = (F.linear(h, w.to(h.dtype)).view(B, T, heads, d // heads).transpose(1, 2) for w in (wq, wk, wv))
    y = attention(rotate(q, cos, sin), rotate(k, cos, sin), v, keep)
    x = x + F.dropout(F.linear(y.transpose(1, 2).reshape(B, T, d), wo.to(x.dtype)), dropout, dropout > 0)
    h = rms_norm(x, n2, eps)
    return x + F.dropout(F.linear(F.silu(F.linear(h, wg.to(h.dtype))) * F.linear(h, wu.to(h.dtype)), wd.to(h.dtype)), dropout, dropout > 0)


class Model(nn.Module):
    def __init__(self, c, embed_std=0.2):
        super().__init__(); self.c = c
        self.embed_tokens = nn.Embedding(c.vocab_size, c.hidden_size)
        nn.init.normal_(self.embed_tokens.weight, std=embed_std)
        self.layers = nn.ModuleList(Layer(c) for _ in range(c.num_hidden_layers))
        self.norm = RMSNorm(c.hidden_size, c.rms_norm_eps)
        nn.init.constant_(self.norm.weight, 0.02 / embed_std)
        self.score = nn.Parameter(torch.randn(c.hidden_size) * .1)
        self.block = block                               # a compiled one for training
        self.dropout = 0.0                               # in training

    def forward(self, ids, length, dtype=torch.float32):
        """ids [B,T], length [B]: tokens that are there -> [B,T,d] after the last norm"""
        c = self.c; T = ids.shape[1]; r = c.hidden_size // c.num_attention_heads
        f = c.rope_theta ** (-torch.arange(0, r, 2, device=ids.device).float() / r)
        a = torch.arange(T, device=ids.device).float()[:, None] * f
        keep = (torch.arange(T, device=ids.device)[None] < length[:, None])[:, None, None]
        x = F.embedding(ids, self.embed_tokens.weight).to(dtype)
        for l in self.layers:
            x = self.block(x, keep, a.cos(), a.sin(), c.num_attention_heads, c.rms_norm_eps, self.dropout if self.training else 0.0, *l.weights())
        return rms_norm(x, self.norm.weight, c.rms_norm_eps)

    def embed(self, ids, length, dtype=torch.float32):
        """-> [B,d] float32: the mean over the tokens that are there, not yet of length 1"""
        h = self(ids, length, dtype).float()
        keep = (torch.arange(ids.shape[1], device=ids.device)[None] < length[:, None])[..., None]
        return (h * keep).sum(1) / length[:, None]

    def relevance(self, ids, length, asked, dtype=torch.float32):
        """ids [B,T]: a question, then a passage; asked [B]: tokens of the question -> [B] float32, the higher the better"""
        h = self(ids, length, dtype).float()
        of = (torch.arange(ids.shape[1], device=ids.device)[None] < asked[:, None])[..., None]
        return (h * of).sum(1) @ self.score / asked
