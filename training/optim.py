"""Muon for hidden matrices (momentum orthogonalised by Newton-Schulz, Jordan 2024), AdamW for the rest."""
import torch


def newton_schulz(g):
    """g [n, r, c], r <= c -> about U V^T of each matrix (five quintic steps in bf16)."""
    x = g.bfloat16() if g.is_cuda else g.float()
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        A = x @ x.mT
        x = 3.4445 * x + (-4.7750 * A + 2.0315 * A @ A) @ x
    return x


class Muon(torch.optim.Optimizer):
    """The update is scaled by 0.2 sqrt(longer side), so that its size is AdamW's (Moonlight, 2025). Matrices of one shape
    go through Newton-Schulz as one batch."""

    def __init__(self, params, lr=3e-3, momentum=0.95, decay=0.1, compiled=False):
        super().__init__(list(params), dict(lr=lr, momentum=momentum, decay=decay))
        self.ns = torch.compile(newton_schulz, dynamic=False) if compiled else newton_schulz

    @torch.no_grad()
    def step(self):
        for g in self.param_groups:
            by_shape = {}
            for p in g["params"]:
                if p.grad is not None:
                    st = self.state[p]
                    if "m" not in st:
                        st["m"] = torch.zeros_like(p)
                    st["m"].lerp_(p.grad, 1 - g["momentum"])
                    by_shape.setdefault(tuple(p.shape[-2:]), []).append((p, p.grad.lerp(st["m"], g["momentum"])))
            for (r, c), items in by_shape.items():
                u = torch.cat([u.reshape(-1, r, c) for _, u in items])
                u = (self.ns(u.mT.contiguous()).mT if r > c else self.ns(u)).float()
                at = 0
                for p, _ in items:
                    n = p.numel() // (r * c)
                    p.mul_(1 - g["lr"] * g["decay"])
                    p.add_(u[at:at + n].reshape(p.shape), alpha=-g["lr"] * 0.2 * max(r, c) ** 0.5)
                    at += n


def build(model, lr, decay, adam_lr, embed_lr, compiled=False):
    """Router weights move at a tenth of AdamW's rate: at the full rate they outran the balancing bias, and up to a fifth
    of all tokens piled onto few experts."""
    muon, adam, router, embed = [], [], [], []
    for n, p in model.named_parameters():
        (embed if "embed" in n else router if "gate.weight" in n else muon if p.dim() >= 2 else adam).append(p)
    groups = [dict(params=p, lr=l, base=l) for p, l in ((adam, adam_lr), (router, adam_lr * .1), (embed, embed_lr))]
    second = torch.optim.AdamW(groups, lr=adam_lr, betas=(0.9, 0.95), weight_decay=0.0, fused=True) if compiled else \
        torch.optim.AdamW(groups, lr=adam_lr, betas=(0.9, 0.95), weight_decay=0.0)
    first = Muon(muon, lr=lr, decay=decay, compiled=compiled)
    first.param_groups[0]["base"] = lr
    return first, second
