"""Self-checks on a CPU: python3 test_model.py"""
import os, tempfile
import numpy as np, torch
import checkpoint, quant
from model import Cache, Config, Model, MoE, plain_mask

torch.manual_seed(0)
TINY = Config(vocab_size=512, hidden_size=64, num_hidden_layers=3, num_attention_heads=2, kv_lora_rank=32, intermediate_size=96, moe_intermediate_size=32)


def tiny():
    m = Model(TINY)
    for p in m.parameters():
        if p.abs().max() == 0:
            torch.nn.init.normal_(p, std=.1)
    return m


def test_experts_agree():
    """Grouped products, slabs wide enough to drop nothing, and a loop over tokens give the same outputs and gradients."""
    m = tiny().layers[1].mlp; x = torch.randn(2, 40, 64); g = []
    for grouped in (True, False):
        MoE.grouped, MoE.capacity = grouped, 8.0
        m.zero_grad(); m.train(); y = m(x); (y ** 2).sum().backward(); g.append((y.detach(), m.experts.up_proj.grad.clone(), m.gate.weight.grad.clone()))
    for a, b in zip(*g):
        assert torch.allclose(a, b, atol=1e-5), (a - b).abs().max()
    t = x.view(-1, 64); s = torch.sigmoid(t @ m.gate.weight.T); out = m.shared_experts(t)
    for n in range(len(t)):
        top = s[n].topk(2).indices; w = s[n][top] / s[n][top].sum()
        for e, we in zip(top, w):
            h = torch.nn.functional.silu(m.experts.gate_proj[e] @ t[n]) * (m.experts.up_proj[e] @ t[n])
            out[n] = out[n] + we * (m.experts.down_proj[e] @ h)
    assert torch.allclose(out.view_as(x), g[0][0], atol=1e-4)


def test_cache_and_mask():
    """Token by token gives what one pass gives; a packed row gives what its samples give alone."""
    MoE.grouped = True; m = tiny().eval(); ids = torch.randint(64, 512, (1, 30))
    with torch.no_grad():
        full = m(ids); c = Cache()
        parts = torch.cat([m(ids[:, :17], cache=c)] + [m(ids[:, i:i + 1], cache=c) for i in range(17, 30)], 1)
        assert torch.allclose(full, parts, atol=1e-5)
        doc = torch.tensor([[0] * 12 + [1] * 18])
        packed = m(ids, plain_mask(doc))
        assert torch.allclose(packed[:, :12], full[:, :12], atol=1e-5)
        assert torch.allclose(packed[:, 12:], m(ids[:, 12:]), atol=1e-4)      # RoPE is relative: the shift does not matter


def test_quant_formats():
    w = torch.randn(7, 96); w[3, 32:64] = 0
    for bits, enc in ((4, quant.encode_q4_0), (8, quant.encode_q8_0)):
        f = quant.fake(w, bits).numpy(); d = quant.decode(enc(w.numpy()), bits, w.shape)
        assert np.array_equal(f, d) and np.abs(f - w.numpy()).max() < (.5 if bits == 4 else .03)
    m = tiny(); before = {n: p.clone() for n, p in m.named_parameters()}; q = quant.FakeQuant(m); q.enter()
    assert any(not torch.equal(before[n], p) for n, p in m.named_parameters()); q.leave()
    assert all(torch.equal(before[n], p) for n, p in m.named_parameters())


def test_checkpoint():
    m = tiny(); meta = dict(config=TINY.__dict__, step=3, tokens=5)
    with tempfile.TemporaryDirectory() as d:
        checkpoint.PART = 10000; checkpoint.write_parts(checkpoint.pack(m.state_dict(), meta), d + "/c"); assert len(os.listdir(d)) > 3
        state, back = checkpoint.load(d + "/c")
    assert back == meta and state.keys() == m.state_dict().keys()
    for n, t in m.state_dict().items():
        assert torch.equal(state[n], t.float() if t.dim() < 2 or "gate.weight" in n else t.bfloat16().float()), n


if __name__ == "__main__":
    for name, f in list(globals().items()):
        if name.startswith("test_"):
            f(); print(name, "ok")
