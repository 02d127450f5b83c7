"""PyTorch's side of torch-compare.mjs: one case of torch-cases.json, run once for each line that comes in, with its
seconds on the line that goes out. The blocks are those of @umt/nn: pre-norm, exact GELU, no bias on keys.

  python3 bench/pytorch_vit.py CASE [--threads 2]
"""
import argparse
import json
import os
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(width))
        self.v_bias = nn.Parameter(torch.zeros(width))
        self.proj = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x):
        batch, tokens, width = x.shape
        bias = torch.cat((self.q_bias, torch.zeros_like(self.v_bias), self.v_bias))
        qkv = F.linear(self.norm1(x), self.qkv.weight, bias)
        q, k, v = qkv.reshape(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        x = x + self.proj(attention(q, k, v).transpose(1, 2).reshape(batch, tokens, width))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


def attention(q, k, v):
    """Fused where this torch has it."""
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v)
    weights = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
    return weights.softmax(dim=-1) @ v


def peak_bytes():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("case")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    given = parser.parse_args()
    with open(os.path.join(os.path.dirname(__file__), "torch-cases.json")) as file:
        case = json.load(file)[given.case]
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    model = nn.Sequential(*(Block(case["width"], case["heads"]) for _ in range(case["depth"])))
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.05)
    count = torch.arange(case["batch"] * case["tokens"] * case["width"], dtype=torch.float64)
    x = (torch.sin(count * 0.37) + torch.cos(count * 0.0013)).float()
    x = x.reshape(case["batch"], case["tokens"], case["width"])

    def forward():
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=case["precision"] == "bfloat16"):
            return model(x)

    def once():
        if case["work"] == "forward":
            with torch.no_grad():
                forward()
            return None
        optimizer.zero_grad(set_to_none=True)
        loss = forward().float().square().mean()
        loss.backward()
        if case["work"] == "step":
            torch.nn.utils.clip_grad_norm_(model.parameters(), float("inf"))
            optimizer.step()
        return loss.item()

    print(json.dumps({"ready": f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads"}), flush=True)
    for _ in sys.stdin:
        start, cpu = time.perf_counter(), time.process_time()
        for _ in range(case["repeats"]):
            loss = once()
        seconds = (time.perf_counter() - start) / case["repeats"]
        cpu = (time.process_time() - cpu) / case["repeats"]
        print(json.dumps({"seconds": seconds, "cpuSeconds": cpu, "loss": loss, "peakBytes": peak_bytes()}), flush=True)


if __name__ == "__main__":
    main()
