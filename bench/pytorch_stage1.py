"""A stage-1 step of UMT written in PyTorch the way the reference implementation does it: the teacher runs whole and its
features are filtered afterwards, the student embeds every token and drops most of them, AdamW in torch.optim. One step for
each line that comes in, with its seconds on the line that goes out; the other side is torch-stage1.mjs.

  python3 bench/pytorch_stage1.py CASE [--threads 2]
"""
import argparse
import json
import math
import os
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

# frames and size of clips; width, depth, heads of both models; aligned layers; width of the target
SIZES = {"B/16": (8, 224, 768, 12, 12, 6, 512), "small": (2, 64, 64, 4, 2, 2, 32)}
PATCH = 16
DROPPED = 0.8


class LayerNorm(nn.LayerNorm):
    """In float32 whatever comes in, as autocast has it."""

    def forward(self, x):
        return super().forward(x.float())


class StudentBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1 = LayerNorm(width, eps=1e-6)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(width))
        self.v_bias = nn.Parameter(torch.zeros(width))
        self.proj = nn.Linear(width, width)
        self.norm2 = LayerNorm(width, eps=1e-6)
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x):
        batch, tokens, width = x.shape
        bias = torch.cat((self.q_bias, torch.zeros_like(self.v_bias, requires_grad=False), self.v_bias))
        qkv = F.linear(self.norm1(x), self.qkv.weight, bias)
        q, k, v = qkv.reshape(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        q = q * q.shape[-1] ** -0.5
        mixed = (q @ k.transpose(-2, -1)).softmax(dim=-1) @ v
        x = x + self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


def sinusoid(positions, width):
    angle = torch.arange(positions).double()[:, None] / 10000 ** (2 * (torch.arange(width) // 2).double() / width)
    angle[:, 0::2], angle[:, 1::2] = angle[:, 0::2].sin(), angle[:, 1::2].cos()
    return angle.float()[None]


class Student(nn.Module):
    def __init__(self, frames, size, width, depth, heads, aligned, target):
        super().__init__()
        self.patch_embed = nn.Conv3d(3, width, (1, PATCH, PATCH), (1, PATCH, PATCH))
        self.blocks = nn.ModuleList(StudentBlock(width, heads) for _ in range(depth))
        self.norm = LayerNorm(width, eps=1e-6)
        self.heads = nn.ModuleList(nn.Linear(width, target) for _ in range(aligned))
        self.head_norms = nn.ModuleList(LayerNorm(target, eps=1e-6) for _ in range(aligned))
        self.aligned = range(depth - aligned, depth)
        self.register_buffer("positions", sinusoid(frames * (size // PATCH) ** 2, width))
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, video, dropped):
        x = self.patch_embed(video).flatten(2).transpose(1, 2) + self.positions
        batch, _, width = x.shape
        x = x[~dropped].reshape(batch, -1, width)
        layers = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.aligned:
                layers.append(self.norm(x))
        kept = self.positions.expand(batch, -1, -1)[~dropped].reshape(batch, -1, width)
        features = [norm(head(layer + kept)) for layer, head, norm in zip(layers, self.heads, self.head_norms)]
        features = torch.stack(features)
        return features / features.norm(dim=-1, keepdim=True)


class TeacherBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.attn = nn.MultiheadAttention(width, heads)
        self.ln_1 = LayerNorm(width)
        self.c_fc = nn.Linear(width, 4 * width)
        self.c_proj = nn.Linear(4 * width, width)
        self.ln_2 = LayerNorm(width)

    def forward(self, x, with_attention):
        normal = self.ln_1(x)
        mixed, weights = self.attn(normal, normal, normal, need_weights=with_attention)
        x = x + mixed
        hidden = self.c_fc(self.ln_2(x))
        return x + self.c_proj(hidden * torch.sigmoid(1.702 * hidden)), weights


class Teacher(nn.Module):
    def __init__(self, frames, size, width, depth, heads, aligned, target):
        super().__init__()
        self.conv1 = nn.Conv3d(3, width, (1, PATCH, PATCH), (1, PATCH, PATCH), bias=False)
        self.class_embedding = nn.Parameter(width**-0.5 * torch.randn(width))
        self.positional_embedding = nn.Parameter(width**-0.5 * torch.randn(1 + (size // PATCH) ** 2, width))
        self.ln_pre = LayerNorm(width)
        self.blocks = nn.ModuleList(TeacherBlock(width, heads) for _ in range(depth))
        self.ln_post = LayerNorm(width)
        self.proj = nn.Parameter(width**-0.5 * torch.randn(width, target))
        self.aligned = range(depth - aligned, depth)

    def forward(self, video):
        x = self.conv1(video)
        batch, width, frames = x.shape[:3]
        x = x.permute(0, 2, 3, 4, 1).reshape(batch * frames, -1, width)
        first = self.class_embedding.expand(batch * frames, 1, -1)
        x = self.ln_pre(torch.cat((first, x), dim=1) + self.positional_embedding).permute(1, 0, 2)
        layers = []
        for index, block in enumerate(self.blocks):
            x, weights = block(x, index == len(self.blocks) - 1)
            if index in self.aligned:
                layers.append(x)
        z = torch.stack(layers)[:, 1:].permute(0, 2, 1, 3)
        z = self.ln_post(z).reshape(len(layers), batch, -1, width) @ self.proj
        return z / z.norm(dim=-1, keepdim=True), weights[:, 0, 1:]


def draw_dropped(attention, batch):
    """The tokens that the student does not see: bool [B, N]."""
    rows, patches = attention.shape
    visible = patches - int(patches * DROPPED)
    order = torch.multinomial(attention, patches)
    dropped = torch.ones((rows, patches), dtype=torch.bool)
    dropped.scatter_(1, order[:, :visible], False)
    return dropped.reshape(batch, -1)


def parameter_groups(model, decay):
    plain = [p for name, p in model.named_parameters() if p.ndim == 1 or name.endswith(".bias")]
    others = [p for name, p in model.named_parameters() if not (p.ndim == 1 or name.endswith(".bias"))]
    return [{"params": plain, "weight_decay": 0.0}, {"params": others, "weight_decay": decay}]


def peak_bytes():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("case")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    given = parser.parse_args()
    with open(os.path.join(os.path.dirname(__file__), "torch-stage1-cases.json")) as file:
        case = json.load(file)[given.case]
    size = SIZES[case["size"]]
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    student, teacher = Student(*size), Teacher(*size).eval().requires_grad_(False)
    optimizer = torch.optim.AdamW(parameter_groups(student, 0.05), lr=1.5e-4, betas=(0.9, 0.95), eps=1e-8)
    count = torch.arange(case["batch"] * 3 * size[0] * size[1] ** 2, dtype=torch.float64)
    video = (torch.sin(count * 0.37) + torch.cos(count * 0.0013)).float()
    video = video.reshape(case["batch"], 3, size[0], size[1], size[1])
    use_autocast = case["script"] == "bfloat16"

    def step():
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=use_autocast):
            with torch.no_grad():
                target, attention = teacher(video)
                dropped = draw_dropped(attention.float(), case["batch"])
                layers, batch, _, width = target.shape
                target = target[(~dropped).expand(layers, -1, -1)].reshape(layers, batch, -1, width)
            features = student(video, dropped)
            loss = (2 - 2 * (features * target).sum(dim=-1)).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        # the reference logs the norm and does not clip
        torch.nn.utils.clip_grad_norm_(student.parameters(), math.inf)
        optimizer.step()
        return loss.item()

    print(json.dumps({"ready": f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads"}), flush=True)
    for _ in sys.stdin:
        start, cpu = time.perf_counter(), time.process_time()
        loss = step()
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        print(json.dumps({"seconds": seconds, "cpuSeconds": cpu, "loss": loss, "peakBytes": peak_bytes()}), flush=True)


if __name__ == "__main__":
    main()
